import type { Request, Response } from 'express'

/** Who may call: the people who run Writ, or a proxy. */
export type Role = 'admin' | 'proxy'

/** One entry of the HTTP API. It is served only to whom it names. */
export interface Route {
  readonly method: 'get' | 'post' | 'put'
  readonly path: string
  /** Roles that may call; `everyone` needs no token. */
  readonly roles: readonly Role[] | 'everyone'
  /** How the body is read; there is none when omitted. Bodies come as bytes. */
  readonly body?: { readonly type: string; readonly mostBytes: number }
  handle(request: Request, response: Response): Promise<void> | void
}
