import type { Insertable, Kysely, Selectable, Transaction } from 'kysely'
import type { ReviewState } from '../../schemas/review.ts'
import { storable } from '../approvals/transition.ts'
import type { Database } from '../store/database.ts'
import type { ReviewEventRow, ReviewRow, ReviewVoteRow } from '../store/review-tables.ts'

/** A review as it is stored. */
export type StoredReview = Selectable<ReviewRow>

/** A vote as it is stored. */
export type StoredVote = Selectable<ReviewVoteRow>

/** States in which a review may still come to something. */
export const liveStates = ['open', 'approved', 'denied'] as const satisfies readonly ReviewState[]

/** One transaction that moves reviews; what happened is stored with it. */
export interface Move {
  readonly db: Transaction<Database>
  /** One instant for everything in it. */
  readonly at: Date
  /** namespace/name of the PolicySource whose reviews are moved; those of any when omitted. */
  readonly source?: string | undefined
}

/** Something that happened to a review. */
interface Told {
  readonly type: string
  readonly by?: string | undefined
  readonly detail?: string | undefined
  readonly evidence?: object | undefined
}

const mostText = 4096

/** Writes into the history of a review. */
export async function tell({ db, at }: Move, review: number, told: Told): Promise<void> {
  const row: Insertable<ReviewEventRow> = {
    review_id: review,
    type: told.type,
    by_name: storable(told.by, 512),
    detail: storable(told.detail, mostText),
    evidence: told.evidence === undefined ? null : JSON.stringify(told.evidence).slice(0, mostText),
    at,
  }
  await db.insertInto('review_events').values(row).execute()
}

/** Takes the live review of a change, and keeps everybody else from it until the transaction ends. */
export async function takenReview(
  { db, source }: Pick<Move, 'db' | 'source'>,
  repositoryId: number,
  change: number,
): Promise<StoredReview | null> {
  let taking = db
    .updateTable('reviews')
    .set(eb => ({ revision: eb('revision', '+', 1) }))
    .where('repository_id', '=', repositoryId)
    .where('change_number', '=', change)
    .where('state', 'in', liveStates)
  if (source !== undefined) taking = taking.where('source', '=', source)
  return (await taking.returningAll().executeTakeFirst()) ?? null
}

/** Moves a review out of a state if it is still in it, and writes that down. The row as it is then, or null. */
export async function movedReview(
  move: Move,
  row: StoredReview,
  to: {
    readonly state: ReviewState
    readonly reason?: string | undefined
    readonly by?: string | undefined
    readonly mergeSha?: string | undefined
  },
): Promise<StoredReview | null> {
  const { db, at } = move
  const done = await db
    .updateTable('reviews')
    .set({
      state: to.state,
      resolved_at: at,
      ...(to.reason !== undefined && { reason: storable(to.reason, mostText) }),
      ...(to.mergeSha !== undefined && { merge_sha: to.mergeSha }),
    })
    .where('id', '=', row.id)
    .where('state', '=', row.state)
    .returningAll()
    .executeTakeFirst()
  if (done === undefined) return null
  await tell(move, row.id, { type: to.state, by: to.by, detail: to.reason })
  return done
}

/** Answers to reviews, oldest first. */
export async function reviewVotes(
  db: Kysely<Database>,
  reviews: readonly number[],
): Promise<readonly StoredVote[]> {
  if (reviews.length === 0) return []
  return db
    .selectFrom('review_votes')
    .selectAll()
    .where('review_id', 'in', reviews)
    .orderBy('at')
    .orderBy('person')
    .execute()
}
