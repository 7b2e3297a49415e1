import { type Generated, type Kysely, sql } from 'kysely'
import type { Narrowing, ReviewState } from '../../schemas/review.ts'
import type { ReviewTurnTables } from './review-turn-tables.ts'

/** Makes what reviews of changes are kept in: reviews, answers, history; what brought a commit, and which content is in force. */
export async function reviewTables(db: Kysely<unknown>): Promise<void> {
  await reviews(db)
  await answers(db)
  await commits(db)
}

async function reviews(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table reviews (
      id bigint generated always as identity primary key,
      source text not null,
      namespace text not null,
      repository_id bigint not null,
      repository text not null,
      change_number bigint not null,
      title text not null,
      url text not null,
      author_id bigint not null,
      author_login text not null,
      head_sha text not null,
      digest text not null,
      state text not null,
      narrows text not null,
      content text not null,
      in_force text not null,
      plan text not null,
      replay text,
      opened_at timestamptz not null,
      asked_at timestamptz,
      asked_comment bigint,
      asked_hash text,
      resolved_at timestamptz,
      reason text,
      merge_sha text,
      revision bigint not null
    )`.execute(db)
  await sql`
    create unique index reviews_live on reviews (repository_id, change_number)
    where state in ('open', 'approved', 'denied')`.execute(db)
  await sql`create index reviews_change on reviews (repository_id, change_number, id)`.execute(db)
  await sql`create index reviews_content on reviews (source, content)`.execute(db)
}

async function answers(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table review_votes (
      review_id bigint not null references reviews (id),
      person text not null,
      user_name text not null,
      account_id bigint not null,
      login text not null,
      decision text not null,
      evidence text not null,
      teams text[] not null,
      at timestamptz not null,
      primary key (review_id, person)
    )`.execute(db)
  await sql`
    create table review_events (
      id bigint generated always as identity primary key,
      review_id bigint not null references reviews (id),
      type text not null,
      by_name text,
      detail text,
      evidence text,
      at timestamptz not null
    )`.execute(db)
  await sql`create index review_events_review on review_events (review_id, id)`.execute(db)
}

async function commits(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table commit_reviews (
      source text not null,
      commit_id text not null,
      outcome text not null,
      facts text not null,
      at timestamptz not null,
      primary key (source, commit_id)
    )`.execute(db)
  await sql`
    create table admitted_sources (
      source text primary key,
      content text not null,
      commit_id text not null,
      at timestamptz not null
    )`.execute(db)
}

/** The tables of reviews. */
export interface ReviewTables extends ReviewTurnTables {
  readonly reviews: ReviewRow
  readonly review_votes: ReviewVoteRow
  readonly review_events: ReviewEventRow
  readonly commit_reviews: CommitReviewRow
  readonly admitted_sources: AdmittedSourceRow
}

/** A change at one digest, and where its review stands. At most one of a change is not `void` or `merged`. */
export interface ReviewRow {
  readonly id: Generated<number>
  /** namespace/name of the PolicySource. */
  readonly source: string
  readonly namespace: string
  readonly repository_id: number
  readonly repository: string
  readonly change_number: number
  readonly title: string
  readonly url: string
  readonly author_id: number
  readonly author_login: string
  readonly head_sha: string
  readonly digest: string
  readonly state: ReviewState
  readonly narrows: Narrowing
  /** Digest of the policy files as they will be once merged. */
  readonly content: string
  /** Digest of the tables and directories that it was planned against. */
  readonly in_force: string
  /** What is shown of the plan, as JSON. */
  readonly plan: string
  /** What is shown of the replay, as JSON; null when there was none. */
  readonly replay: string | null
  readonly opened_at: Date
  /** When the digest was shown, by the clock of the forge: answers given before do not count. */
  readonly asked_at: Date | null
  /** The comment that shows it, and the SHA-256 of what it should read. */
  readonly asked_comment: number | null
  readonly asked_hash: string | null
  readonly resolved_at: Date | null
  readonly reason: string | null
  readonly merge_sha: string | null
  /** Counts the changes; the update of it is the lock under which answers are counted. */
  readonly revision: number
}

/** One answer of one person; `person` is the name that votes once. */
export interface ReviewVoteRow {
  readonly review_id: number
  readonly person: string
  readonly user_name: string
  readonly account_id: number
  readonly login: string
  readonly decision: 'approve' | 'deny'
  /** JSON. */
  readonly evidence: string
  readonly teams: readonly string[]
  readonly at: Date
}

/** What happened to a review, oldest first by `id`. */
export interface ReviewEventRow {
  readonly id: Generated<number>
  readonly review_id: number
  readonly type: string
  readonly by_name: string | null
  readonly detail: string | null
  /** JSON. */
  readonly evidence: string | null
  readonly at: Date
}

/** What brought a commit of a source. */
interface CommitReviewRow {
  readonly source: string
  readonly commit_id: string
  readonly outcome: 'approved' | 'unreviewed'
  /** A CommitReview as JSON. */
  readonly facts: string
  readonly at: Date
}

/** The content of a source that is in force. */
interface AdmittedSourceRow {
  readonly source: string
  /** Digest of its policy files. */
  readonly content: string
  readonly commit_id: string
  readonly at: Date
}
