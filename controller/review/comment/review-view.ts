import type { Plans } from '../../../schemas/plan.ts'
import type { Problem } from '../../../schemas/problem.ts'
import type { Replay } from '../../../schemas/replay.ts'
import type { ReviewVote } from '../../../schemas/review.ts'
import type { ChangeCoverage } from '../../coverage/change-coverage.ts'
import type { Bench } from '../who-may-answer.ts'

/** Where a change stands, for people. */
export type ChangeState =
  /** Its policies do not compile, or cannot be read. */
  | { readonly kind: 'problems' }
  /** Both sides changed the same files, so nobody knows what a merge would give. */
  | { readonly kind: 'conflict'; readonly files: readonly string[] }
  /** Merged, it would leave every policy file as it is in force. */
  | { readonly kind: 'nothing' }
  | ReviewedState

/** A change with a digest that people answer. */
export interface ReviewedState {
  readonly kind: 'open' | 'approved' | 'denied'
  readonly digest: string
  readonly bench: Bench
  /** Answers that were counted, oldest first. */
  readonly votes: readonly ReviewVote[]
  /** Approvals by those who may still give them. */
  readonly received: number
  /** Why nobody can approve it, whoever answers; null when somebody can. */
  readonly barred: string | null
}

/** Everything that is said of a change. */
export interface ReviewView {
  readonly headSha: string
  readonly state: ChangeState
  readonly problems: readonly Problem[]
  readonly plan: Plans | null
  /** What recorded calls come to; a sentence where there is no replay. */
  readonly replay: Replay | string | null
  /** What the calls on record say about it; null where nothing is to be said of them. */
  readonly coverage: ChangeCoverage | null
}
