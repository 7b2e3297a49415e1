import type { Errand } from '../mcp/forward.ts'
import type { Asker, Judged, JudgedCall } from '../mcp/judge.ts'
import type { Refusal } from '../mcp/refusal.ts'
import type { JsonObject } from '../mcp/rpc.ts'

/** A call about which people can be asked. */
export interface Askable {
  readonly errand: { readonly judged: JudgedCall }
  /** What people are shown and what their approval covers, in place of the arguments where there are none. */
  readonly asked?: JsonObject
  /** What the tool takes, as its server says. */
  readonly inputSchema?: JsonObject
}

/** A call that may be sent once people approve. */
export interface Sendable extends Askable {
  readonly refusal: null
  readonly errand: Errand
}

/** A call that goes nowhere, whoever approves. */
export interface Refused {
  readonly refusal: Refusal
  readonly judged: Judged
  readonly structured: boolean
}

/** A call made ready by the table and the servers of a moment. */
export type ReadyCall = Sendable | Refused

/** Makes the same call ready once more, by what is in force then. */
export type Prepare = (asker: Asker) => Promise<ReadyCall>
