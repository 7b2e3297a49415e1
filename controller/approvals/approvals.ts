import type {
  ApprovalClaim,
  ApprovalClaimAnswer,
  ApprovalEvent,
  ApprovalNews,
  ApprovalQuestion,
  ApprovalRequest,
  Surface,
} from '../../schemas/approval.ts'
import type { ApprovalState } from '../../schemas/approval-state.ts'

/** Who answers, as the surface verified it; whether the answer counts is for the workflow to say. */
export interface Actor {
  /** A User of the namespace; empty when the surface knows nobody by that identity. */
  readonly user: string
  readonly surface: Surface
  /** The identity as the surface verified it, for the record: a key's name, a Slack member id, an address. */
  readonly identity: string
  /** What proves it: message or comment ids and hashes, never a secret. */
  readonly evidence: Readonly<Record<string, string>>
}

/** An answer to a request. */
export interface Answer {
  readonly decision: 'approve' | 'deny'
  readonly reason?: string
  /** Approves calls like this one as well. It stands once enough people approve with one, within the bounds of them all. */
  readonly grant?: GrantTerms
}

/** The bounds of a standing grant for the same agent, key and tool. */
export interface GrantTerms {
  /** Calls in all, this one included: 1 to 1,000. */
  readonly uses: number
  /** When it ends; an instant, at most 30 days ahead. */
  readonly expires: string
  /** For each argument of the call: `equal` to its value in this call, or `any`. Other arguments never fit. */
  readonly args: Readonly<Record<string, 'equal' | 'any'>>
  /** The most that the values of one numeric argument may add up to, this call included. */
  readonly money?: { readonly argument: string; readonly maxUsd: string }
}

/** A standing grant as people read it. */
export interface Grant {
  readonly id: string
  /** The request that it was given with; its votes are those of the grant. */
  readonly request: string
  readonly namespace: string
  readonly agent: string
  readonly server?: string
  readonly tool: string
  readonly args: GrantTerms['args']
  readonly uses: number
  readonly used: number
  readonly money?: {
    readonly argument: string
    readonly maxMicroUsd: number
    readonly spentMicroUsd: number
  }
  readonly createdAt: string
  readonly expiresAt: string
  readonly endedAt?: string
  /** Why it ended: `used_up`, `expired`, what voids requests, or the words of whoever revoked it. */
  readonly reason?: string
}

/** Why an answer changed nothing. Codes are the contract: surfaces, records and tests match on them. */
export type RefusalCode =
  | 'unknown_request'
  | 'not_an_approver'
  | 'own_agent'
  | 'already_voted'
  | 'reason_required'
  | 'already_resolved'
  | 'expired'
  | 'grant_unusable'

/** What became of an answer. */
export type Answered =
  /** It counts; the request stands as shown, and is resolved when its state says so. */
  | { readonly outcome: 'counted'; readonly request: ApprovalRequest }
  /** It changed nothing and is on record as an attempt. */
  | {
      readonly outcome: 'refused'
      readonly code: RefusalCode
      readonly message: string
      readonly request: ApprovalRequest | null
    }

/** Which requests to list; every field narrows. */
export interface ApprovalFilter {
  readonly namespaces?: readonly string[]
  readonly states?: readonly ApprovalState[]
  readonly agent?: string
  readonly tool?: string
  /** How the id begins. */
  readonly idPrefix?: string
  /** Only those that a person may decide now, who is known in each namespace by the User under its name. */
  readonly decidableBy?: ReadonlyMap<string, string>
}

/** A page of requests, newest first; `next` goes on after the last of them and is null at the end. */
export interface ApprovalPage {
  readonly requests: readonly ApprovalRequest[]
  readonly next: string | null
}

/** A line that a channel or a judge adds to the history of a request; it changes nothing. */
export interface Note {
  readonly type: 'notified' | 'notification_failed' | 'judged'
  /** The channel, or the model. */
  readonly by: string
  readonly detail: string
}

/** Something happened to a request, told after it is in the store. */
export interface ApprovalChange {
  readonly id: string
  readonly namespace: string
  readonly event: ApprovalEvent
  readonly state: ApprovalState
}

/** The questions and their answers: one state machine behind every surface. */
export interface Approvals {
  /** Asks, or finds the open or approved request for the same digest; in the store before anyone is told. */
  ask(question: ApprovalQuestion): Promise<ApprovalNews>
  /** News of requests, in no order; ids that are not known are left out. At most 1,000 at once. */
  news(ids: readonly string[]): Promise<readonly ApprovalNews[]>
  /**
   * Grants the one use of an approval to one claim, once everything that voids it has been looked at
   * again; null for an id that is not known. A claim by another table than the one in force is not granted and
   * leaves the approval as it is: judge by the table in force, and claim again.
   */
  claim(id: string, claim: ApprovalClaim): Promise<ApprovalClaimAnswer | null>
  /** Notes how the released call ended; a claim that never hears of it stays `consumed`. */
  ended(id: string, call: string, outcome: string): Promise<void>
  decide(id: string, answer: Answer, actor: Actor): Promise<Answered>
  /** Takes a pending question back. */
  cancel(id: string, reason: string, actor: Actor): Promise<Answered>
  get(id: string): Promise<ApprovalRequest | null>
  list(filter: ApprovalFilter, after: string | null, limit: number): Promise<ApprovalPage>
  /** Everything that happened to a request, oldest first. */
  history(id: string): Promise<readonly ApprovalEvent[]>
  /** Records an attempt that a surface turned away before it came here: a forged signature, a replayed link. */
  attempted(id: string | null, detail: string, actor: Actor): Promise<void>
  /** Standing grants of a namespace, newest first: at most 1,000. */
  grants(namespace: string): Promise<readonly Grant[]>
  /** Ends a standing grant, and the approvals by it that were not used; for those who may decide its request. */
  revoke(grantId: string, reason: string, actor: Actor): Promise<RefusalCode | null>
  /** Adds a line to the history of a request. */
  note(id: string, note: Note): Promise<void>
  /** Calls the listener after every change, of this process or of another on the same store; returns how to stop. */
  subscribe(listener: (change: ApprovalChange) => void): () => void
}
