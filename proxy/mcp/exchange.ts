import type { IncomingHttpHeaders } from 'node:http'
import type { ApprovalDesk } from '../approvals/approval-desk.ts'
import type { Budgets } from '../budgets/budgets.ts'
import { noteFault } from '../fault.ts'
import type { Halts } from '../halts/halts.ts'
import type { Meter } from '../meter.ts'
import type { EntryTexts } from '../record/entry-text.ts'
import type { CallTrace, CallTraces } from '../telemetry/call-trace.ts'
import type { Account, KeyAccounts } from './account.ts'
import type { Cancellation } from './cancellation.ts'
import type { Caller, Journal, Log, Tables } from './needs.ts'
import { codes, errorJson, type Id, type JsonObject, resultJson } from './rpc.ts'
import type { ToolServers } from './tool-servers.ts'
import { traceOf } from './trace-of.ts'
import type { Incoming } from './upstream/link.ts'
import type { LinkUser, Upstream } from './upstream/upstream.ts'

/** What the handlers of requests share. */
export interface Firewall {
  readonly tables: Tables
  readonly halts: Halts
  readonly journal: Journal
  readonly texts: EntryTexts
  readonly servers: ToolServers
  readonly accounts: KeyAccounts
  readonly approvals: ApprovalDesk
  readonly budgets: Budgets
  readonly meter: Meter
  /** Null where nobody traces calls. */
  readonly traces: CallTraces | null
  readonly log: Log
  readonly now: () => number
}

/** The client of a request, whatever its era. */
export interface Client extends LinkUser {
  readonly caller: Caller
  readonly protocol: string
  readonly account: Account
  /** Notes that a call goes out under this id; false when one already has. */
  claim(id: Id): boolean
  /** Notes whether the client wants to hear of changes of a resource. */
  follow(upstream: Upstream, uri: string, on: boolean): void
  /** Passes on what a server says about a request. */
  relay(exchange: Exchange, upstream: Upstream, message: Incoming): void
}

/** The way back to a client. */
export interface Reach {
  /** False once the client has gone away. */
  readonly reachable: boolean
  /** Whether the client was given its answer. */
  readonly delivered: boolean
}

/** One request of a client and the ways to speak to it. */
export interface Exchange {
  readonly client: Client
  readonly id: Id
  readonly method: string
  readonly params: JsonObject
  readonly headers: IncomingHttpHeaders
  /** When it came, by the clock of the meter. */
  readonly arrivedAt: number
  /** Aborts when the client cancels. */
  readonly cancellation: Cancellation
  /** Sends a message ahead of the answer. */
  readonly say: (json: string) => void
  readonly reach: Reach
  /** Set where the call is traced. */
  readonly trace?: CallTrace
  /** Set where nobody hears what a server says about the request ahead of its answer. */
  readonly unheard?: true
}

/** The last word on a request; the status matters to stateless clients alone. */
export interface Answer {
  readonly json: string
  readonly status?: number
}

export type Handle = (firewall: Firewall, exchange: Exchange) => Promise<Answer> | Answer

/** An answer made by Writ itself. */
export function answerWith({ client, id }: Exchange, result: JsonObject): Answer {
  const value = client.era === 'modern' ? { resultType: 'complete', ...result } : result
  return { json: resultJson(id, JSON.stringify(value)) }
}

export function answerError(
  { id }: Exchange,
  code: number,
  message: string,
  data?: unknown,
): Answer {
  return { json: errorJson(id, code, message, data) }
}

/** Hands on what a handler answers, at once where it answers at once; its faults are answered as errors. */
export function handled(
  firewall: Firewall,
  exchange: Exchange,
  handle: Handle,
  done: (answer: Answer) => void,
): void {
  const trace = firewall.traces && traceOf(firewall.traces, exchange)
  if (trace === null) {
    answered(firewall, exchange, handle, done)
    return
  }
  answered(firewall, { ...exchange, trace }, handle, answer => {
    trace.ended()
    done(answer)
  })
}

function answered(
  firewall: Firewall,
  exchange: Exchange,
  handle: Handle,
  done: (answer: Answer) => void,
): void {
  const failed = (error: unknown) => {
    noteFault(firewall, error, exchange.trace)
    return answerError(exchange, codes.internal, 'an unexpected error in Writ')
  }
  let answer: Promise<Answer> | Answer
  try {
    answer = handle(firewall, exchange)
  } catch (error) {
    answer = failed(error)
  }
  if (answer instanceof Promise) answer.then(done, error => done(failed(error)))
  else done(answer)
}
