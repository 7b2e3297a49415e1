import type { LoadedTable } from '../../policy/decide/load.ts'
import type {
  ApprovalClaim,
  ApprovalClaimAnswer,
  ApprovalNews,
  ApprovalQuestion,
} from '../../schemas/approval.ts'
import type { UpstreamReport } from '../../schemas/proxy-report.ts'
import type { Record as Entry } from '../../schemas/record.ts'
import type { TableAgent } from '../../schemas/rule-table.ts'

/** An entry before the journal gives it a number. */
export type NewEntry = Omit<Entry, 'proxy' | 'seq'>

/** A NewEntry as `JSON.stringify` writes it. */
export type EntryJson = string

/** Where calls are written down. */
export interface Journal {
  /** Returns or resolves once the entries are kept; throws or rejects when they cannot be: then no call. */
  write(entries: readonly EntryJson[]): Promise<void> | void
}

/** The tables in force, read synchronously. */
export interface Tables {
  /** Whose key has this SHA-256 (hex), or null when it is unknown, expired or revoked. `now` in ms since 1970. */
  caller(sha256OfKey: string, now: number): Caller | null
  /** Looks at a key that may be a token, so that `caller` knows it then; null when there is nothing to wait for. Never rejects. */
  learn?(key: string): Promise<void> | null
  /** Who calls from this machine without a key, and what stands for the key; nobody when omitted. */
  local?(): { readonly caller: Caller; readonly keyHash: string } | null
  current(namespace: string): LoadedTable | null
  /** Namespace to digest of every table in force; their servers are then started before anyone calls. */
  enforced?(): Readonly<Record<string, string>>
  /** Calls the listener after every swap; returns how to stop. */
  subscribe(listener: (namespace: string) => void): () => void
}

/** Who presents a key. */
export interface Caller {
  readonly namespace: string
  readonly agent: TableAgent
  readonly apiKey: string
  /** The one session that the key is good for; whatever the request says, it belongs to this one. */
  readonly session?: string
  /** Digest of the table that says so. */
  readonly table?: string
}

export interface SecretRef {
  readonly name: string
  readonly key: string
}

/** Looks a credential up; null when nobody has it. */
export type Secrets = (namespace: string, ref: SecretRef) => Promise<string | null>

/** What is asked about a call; which proxy asks is added on the way. */
export type NewQuestion = Omit<ApprovalQuestion, 'proxy'>

export type NewClaim = Omit<ApprovalClaim, 'proxy'>

/** Where people are asked about calls. What is asked rejects with a QuestionFailure when nobody answers for it. */
export interface Questions {
  /** Asks, or finds the open request for the same digest. */
  ask(question: NewQuestion): Promise<ApprovalNews>
  /** How a request stands; null when nobody knows it. */
  look(id: string): Promise<ApprovalNews | null>
  /** Claims the one use of an approval; null when nobody knows the request. */
  claim(id: string, claim: NewClaim): Promise<ApprovalClaimAnswer | null>
  /** Tells, in its own time, how a released call ended. */
  ended(id: string, call: string, outcome: Outcome): void
  /** Calls the listener with every change, and with null when nobody knows the request any more; returns how to stop. */
  watch(id: string, listener: (news: ApprovalNews | null) => void): () => void
  /** Whether every change is heard at once. */
  readonly live: boolean
}

export type Outcome = NonNullable<Entry['status']>

/** Told how the upstreams are, after every change. */
export type Report = (upstreams: readonly UpstreamReport[]) => void

/** The part of a pino logger that is used here. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
