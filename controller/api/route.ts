import type { Request, Response } from 'express'
import type Type from 'typebox'
import type { Permission } from '../../schemas/account.ts'
import type { Caller } from './caller.ts'

/** Who may call: the people who run Writ, a proxy, a User with a key, or whoever is signed in. */
type Role = 'admin' | 'proxy' | 'person' | 'account'

/** One entry of the HTTP API. It is served only to whom it names. */
export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'delete'
  readonly path: string
  /** Roles that may call; `everyone` needs no token. */
  readonly roles: readonly Role[] | 'everyone'
  /** What the role of an account must allow, where not everybody who is signed in may call. */
  readonly permission?: Permission
  /** What the description of the API says of it. */
  readonly about: About
  /** How the body is read; there is none when omitted. Bodies come as bytes. */
  readonly body?: { readonly type: string; readonly mostBytes: number }
  /** What goes on the record of the approval when somebody tries who may not call. */
  readonly attempt?: string
  handle(request: Request, response: Response, caller: Caller): Promise<void> | void
}

/** What goes in and what comes out. */
export interface About {
  /** What it is for, in one sentence. */
  readonly summary: string
  /** What the path and the query may hold: an object. */
  readonly params?: Type.TObject
  readonly query?: Type.TObject
  /** What the body holds. */
  readonly body?: Type.TSchema
  readonly answers: Readonly<Record<number, RouteAnswer>>
}

/** What comes out with one status. Refusals are problem details and need no mention. */
export interface RouteAnswer {
  readonly description: string
  /** `application/json` when omitted and there is a schema. */
  readonly type?: string
  readonly schema?: Type.TSchema
  /** Other types that it comes in, as the query asks. */
  readonly otherTypes?: readonly string[]
}
