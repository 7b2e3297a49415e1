import { type Kysely, sql } from 'kysely'
import type { Directory } from '../../schemas/directory.ts'
import type { CommitReview, Review } from '../../schemas/review.ts'
import type { Database } from '../store/database.ts'
import { answerReview, type ReviewAnswer, type ReviewAnswered } from './answer-review.ts'
import {
  type Begun,
  beginReview,
  type Candidate,
  type EndedReview,
  endedReview,
  type VoidReason,
} from './begin-review.ts'
import { presentedReview } from './presented-review.ts'
import {
  liveStates,
  type Move,
  movedReview,
  reviewVotes,
  type StoredReview,
  takenReview,
} from './review-move.ts'
import { type StandingInForce, standingReader } from './standing.ts'

export interface ReviewsNeeds {
  readonly db: Kysely<Database>
  readonly now: () => number
  /** namespace/name of the PolicySource whose reviews these are; those of any when omitted. */
  readonly sourceId?: string
  /** The namespaces that a change can be about; all when omitted. */
  readonly isSeen?: (namespace: string) => boolean
}

/** Which change: the number of the repository at its forge, and that of the change in it. */
export interface ChangeName {
  readonly repositoryId: number
  readonly change: number
}

/** How a digest was shown to people. */
export interface Shown {
  readonly comment: number
  /** SHA-256 of its text. */
  readonly hash: string
  /** By the clock of the forge. */
  readonly at: Date
  /** Whether something else stood there that Writ had not written: what was answered to that counts no more. */
  readonly anew: boolean
}

/** Reviews of changes: one state machine in the store, whoever moves it. */
export class StoredReviews {
  readonly #needs: ReviewsNeeds
  readonly #standing: ReturnType<typeof standingReader>

  constructor(needs: ReviewsNeeds) {
    this.#needs = needs
    this.#standing = standingReader(needs.isSeen)
  }

  /** What is in force wherever it is seen. */
  standing(): Promise<StandingInForce> {
    return this.#standing(this.#needs.db)
  }

  /** Begins the review of a candidate unless it is going on; another one of the change ends. */
  begin(candidate: Candidate): Promise<Begun> {
    return this.#move(move => beginReview(move, candidate))
  }

  /** Notes where the digest is shown. Answers count from the first time on, or from the last one anew, and while that comment reads so. */
  async shown(review: number, { comment, hash, at, anew }: Shown): Promise<void> {
    await this.#needs.db
      .updateTable('reviews')
      .set(eb => ({
        asked_at: anew ? eb.val(at) : eb.fn.coalesce('asked_at', eb.val(at)),
        asked_comment: comment,
        asked_hash: hash,
      }))
      .where('id', '=', review)
      .execute()
  }

  /** Counts an answer, or says why it changes nothing. */
  answer(answer: ReviewAnswer): Promise<ReviewAnswered> {
    return this.#move(move =>
      answerReview(move, answer, async namespace => {
        const { digest, directories } = await this.#standing(move.db)
        return { digest, directory: directoryOf(directories, namespace) }
      }),
    )
  }

  /** Ends the review of a change that is going on, without a decision; null when there is none. */
  end({ repositoryId, change }: ChangeName, reason: VoidReason): Promise<EndedReview | null> {
    return this.#move(async move => {
      const live = await takenReview(move, repositoryId, change)
      return live && endedReview(move, live, reason)
    })
  }

  /** Ends the review of a change that was merged; null when there is none that is going on. */
  merged(
    { repositoryId, change }: ChangeName,
    { mergeSha, approved }: { readonly mergeSha: string; readonly approved: boolean },
  ): Promise<StoredReview | null> {
    return this.#move(async move => {
      const live = await takenReview(move, repositoryId, change)
      const reason = approved ? {} : { reason: 'unreviewed' }
      return live && movedReview(move, live, { state: 'merged', mergeSha, ...reason })
    })
  }

  /** The review of a change that is going on, or null. */
  async live({ repositoryId, change }: ChangeName): Promise<StoredReview | null> {
    const { db, sourceId } = this.#needs
    let live = db
      .selectFrom('reviews')
      .selectAll()
      .where('repository_id', '=', repositoryId)
      .where('change_number', '=', change)
      .where('state', 'in', liveStates)
    if (sourceId !== undefined) live = live.where('source', '=', sourceId)
    return (await live.executeTakeFirst()) ?? null
  }

  /** Changes of a source whose review is going on. */
  async liveChanges(source: string): Promise<readonly number[]> {
    const rows = await this.#needs.db
      .selectFrom('reviews')
      .select('change_number')
      .where('source', '=', source)
      .where('state', 'in', liveStates)
      .execute()
    return rows.map(({ change_number }) => change_number)
  }

  /** The answers to a review, oldest first. */
  votes(review: number) {
    return reviewVotes(this.#needs.db, [review])
  }

  /** Reviews of sources in the namespaces, newest first; of all namespaces for null. */
  async list(namespaces: readonly string[] | null, limit: number): Promise<readonly Review[]> {
    const { db } = this.#needs
    if (namespaces?.length === 0) return []
    let query = db.selectFrom('reviews').selectAll().orderBy('id', 'desc').limit(limit)
    if (namespaces !== null) query = query.where('namespace', 'in', namespaces)
    const rows = await query.execute()
    const votes = await reviewVotes(
      db,
      rows.map(({ id }) => id),
    )
    return rows.map(row =>
      presentedReview(
        row,
        votes.filter(vote => vote.review_id === row.id),
      ),
    )
  }

  /** What brought commits of a source, as far as it is known. */
  async commitReviews(
    source: string,
    commits: readonly string[],
  ): Promise<ReadonlyMap<string, CommitReview>> {
    if (commits.length === 0) return new Map()
    const rows = await this.#needs.db
      .selectFrom('commit_reviews')
      .select(['commit_id', 'facts'])
      .where('source', '=', source)
      .where('commit_id', 'in', commits)
      .execute()
    return new Map(rows.map(({ commit_id, facts }) => [commit_id, JSON.parse(facts)]))
  }

  /**
   * Notes what brought a commit; what was noted first stands, unless no change was known then: a forge may tell of
   * a commit before it can say which change made it.
   */
  async noteCommit(source: string, commit: string, review: CommitReview): Promise<void> {
    const { db, now } = this.#needs
    const noted = {
      outcome: review.outcome,
      facts: JSON.stringify(review),
      at: new Date(now()),
    }
    await db
      .insertInto('commit_reviews')
      .values({ source, commit_id: commit, ...noted })
      .onConflict(known =>
        known
          .columns(['source', 'commit_id'])
          .doUpdateSet(noted)
          .where(sql<boolean>`commit_reviews.facts::jsonb -> 'change' is null`),
      )
      .execute()
  }

  #move<T>(work: (move: Move) => Promise<T>): Promise<T> {
    const { db, now, sourceId: source } = this.#needs
    return db.transaction().execute(db => work({ db, at: new Date(now()), source }))
  }
}

function directoryOf(directories: readonly Directory[], namespace: string): Directory | null {
  return directories.find(directory => directory.namespace === namespace) ?? null
}
