import type {
  ApprovalClaim,
  ApprovalClaimAnswer,
  ApprovalEvent,
  ApprovalNews,
  ApprovalQuestion,
  ApprovalRequest,
  ApprovalState,
  Surface,
} from '../../schemas/approval.ts'

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
  /** Adds a line to the history of a request. */
  note(id: string, note: Note): Promise<void>
  /** Calls the listener after every change, of this process or of another on the same store; returns how to stop. */
  subscribe(listener: (change: ApprovalChange) => void): () => void
}
