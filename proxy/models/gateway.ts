import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApprovalDesk } from '../approvals/approval-desk.ts'
import type { Budgets } from '../budgets/budgets.ts'
import type { Halts } from '../halts/halts.ts'
import type { Account, KeyAccounts } from '../mcp/account.ts'
import type { Cancellation } from '../mcp/cancellation.ts'
import type { Caller, Journal, Log, Secrets, Tables } from '../mcp/needs.ts'
import type { Sessions } from '../mcp/sessions.ts'
import type { Meter } from '../meter.ts'
import type { EntryTexts } from '../record/entry-text.ts'
import type { CallTrace, CallTraces } from '../telemetry/call-trace.ts'
import type { Catalogues } from './candidates.ts'
import type { ModelRequest } from './model-request.ts'
import type { ProviderSockets } from './provider-sockets.ts'

/** What requests to models share. */
export interface Gateway {
  readonly tables: Tables
  readonly halts: Halts
  readonly journal: Journal
  readonly texts: EntryTexts
  readonly accounts: KeyAccounts
  readonly sessions: Pick<Sessions, 'accountOf'>
  readonly approvals: ApprovalDesk
  readonly budgets: Budgets
  readonly secrets: Secrets
  readonly sockets: ProviderSockets
  readonly catalogues: Catalogues
  readonly meter: Meter
  /** Null where nobody traces calls. */
  readonly traces: CallTraces | null
  readonly log: Log
  readonly now: () => number
}

/** A request whose caller is known, and the way to answer it. */
export interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly caller: Caller
  readonly keyHash: string
}

/** A request to a model that has been read. */
export interface Errand extends Visit {
  readonly asked: ModelRequest
  readonly account: Account
  /** When it came, by the clock of the meter. */
  readonly arrivedAt: number
  /** Aborts when the client goes away before it has its answer. */
  readonly cancellation: Cancellation
  /** Where the call is traced. */
  readonly trace?: CallTrace | undefined
}
