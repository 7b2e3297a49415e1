import type { TraceContext } from '../../telemetry/call-trace.ts'
import type { Cancellation } from '../cancellation.ts'
import type { Id, JsonObject } from '../rpc.ts'

/** `legacy`: initialize, sessions, requests in both directions. `modern`: 2026-07-28, stateless. */
export type Era = 'legacy' | 'modern'

/** A request to a server, its params in pieces that are already serialised. */
export interface Outgoing {
  readonly method: string
  /** Members of `params` besides `_meta`, each with its JSON. */
  readonly params: readonly (readonly [name: string, json: string])[]
  /** What `_meta` shall hold; a link adds and removes what its era demands. */
  readonly meta: JsonObject
  /** What the header Mcp-Name repeats. */
  readonly name?: string
  /** Headers that repeat arguments, by the tool's `x-mcp-header`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Where the request is traced; over HTTP its headers say so as well as `meta`. */
  readonly trace?: TraceContext
  /** 0 for no limit. */
  readonly timeoutMs: number
  /** Aborts when the client has lost interest. */
  readonly cancellation: Cancellation | null
  /** Whose request it is; a shared connection tells by it whom a question concerns. */
  readonly owner: object | null
  /** Called for everything the server says about this request before its answer. */
  readonly onMessage: (message: Incoming) => void
}

/** What a server says of itself: a notification, or a request that must be replied to. */
export interface Incoming {
  readonly method: string
  readonly params: JsonObject
  /** The params as they were written. */
  readonly text: string
  /** Answers a request; takes the members of the response besides `jsonrpc` and `id`. */
  readonly reply?: (answer: string) => void
  /** The server's id of a request. */
  readonly id?: Id
}

/** The server's answer, byte for byte and parsed. */
export interface Reply {
  readonly kind: 'result' | 'error'
  readonly text: string
  readonly value: JsonObject
  readonly status: number
}

/** How a server introduced itself. */
export interface Introduction {
  readonly protocol: string
  readonly capabilities: JsonObject
  readonly instructions: string
}

/** A conversation with a server. */
export interface Link {
  readonly era: Era
  readonly introduction: Introduction
  /** Rejects with a ProxyFailure when no usable answer came. */
  request(outgoing: Outgoing): Promise<Reply>
  notify(method: string, params: string): void
  /** Whether it can still be used. */
  readonly open: boolean
  /** Settles when nothing of it is left running. */
  close(): Promise<void>
}

/** What a link tells whoever opened it, apart from any request. */
export interface LinkEvents {
  readonly onMessage: (message: Incoming) => void
  readonly onClose: () => void
}

/** Whom a link speaks for when it introduces itself. */
export interface Identity {
  readonly clientInfo: JsonObject
  readonly capabilities: JsonObject
}
