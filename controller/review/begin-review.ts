import type { Narrowing } from '../../schemas/review.ts'
import { storable } from '../approvals/transition.ts'
import type { ChangeRequest, ForgeRepository } from '../forge/forge.ts'
import {
  type Move,
  movedReview,
  reviewVotes,
  type StoredReview,
  type StoredVote,
  takenReview,
  tell,
} from './review-move.ts'

/** A change as it was looked at, to be reviewed. */
export interface Candidate {
  /** namespace/name of the PolicySource. */
  readonly source: string
  readonly namespace: string
  readonly repository: Pick<ForgeRepository, 'id' | 'name'>
  readonly change: ChangeRequest
  /** What is to be approved: `sha256:` and hex. */
  readonly digest: string
  /** Digest of the policy files as they will be once merged. */
  readonly content: string
  /** Digest of the tables and directories that it was planned against. */
  readonly inForce: string
  readonly narrows: Narrowing
  /** What is shown of the plan and of the replay, as JSON. */
  readonly plan: string
  readonly replay: string | null
}

/** A review that ended because something else is reviewed now. */
export interface EndedReview {
  readonly review: StoredReview
  readonly votes: readonly StoredVote[]
}

export interface Begun {
  readonly review: StoredReview
  /** The review that it takes the place of; null when there was none, or when this one was going on already. */
  readonly ended: EndedReview | null
}

/** The review of exactly this candidate: the one that is going on, or a new one that ends the one before. */
export async function beginReview(move: Move, candidate: Candidate): Promise<Begun> {
  const { repository, change, digest } = candidate
  const live = await takenReview(move, repository.id, change.number)
  if (live?.digest === digest) return { review: live, ended: null }
  const ended = live && (await endedReview(move, live, reasonOf(live, candidate)))
  const review = await move.db
    .insertInto('reviews')
    .values(rowOf(candidate, move.at))
    .returningAll()
    .executeTakeFirstOrThrow()
  await tell(move, review.id, { type: 'opened', detail: `${change.headSha} ${digest}` })
  return { review, ended }
}

/** Ends a review that is going on; null when somebody else did. */
export async function endedReview(
  move: Move,
  live: StoredReview,
  reason: VoidReason,
): Promise<EndedReview | null> {
  const review = await movedReview(move, live, { state: 'void', reason })
  return review && { review, votes: await reviewVotes(move.db, [review.id]) }
}

/** Why a review is over without a decision that still counts. */
export type VoidReason =
  | 'new_commit'
  /** What is in force is not what it was planned against. */
  | 'in_force_moved'
  /** The branch that it goes into has other policies. */
  | 'base_moved'
  | 'problems'
  | 'closed'

function reasonOf(live: StoredReview, { change, inForce }: Candidate): VoidReason {
  if (live.head_sha !== change.headSha) return 'new_commit'
  return live.in_force === inForce ? 'base_moved' : 'in_force_moved'
}

function rowOf(candidate: Candidate, at: Date) {
  const { source, namespace, repository, change, digest } = candidate
  const { content, inForce, narrows, plan, replay } = candidate
  return {
    ...{ source, namespace, digest, content, narrows, plan, replay },
    repository_id: repository.id,
    repository: repository.name,
    change_number: change.number,
    title: storable(change.title, 512) ?? '',
    url: storable(change.url, 2048) ?? '',
    author_id: change.author.id,
    author_login: change.author.login,
    head_sha: change.headSha,
    state: 'open' as const,
    in_force: inForce,
    opened_at: at,
    revision: 1,
  }
}
