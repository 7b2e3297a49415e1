import { type Kysely, sql } from 'kysely'
import type { CommitReview } from '../../schemas/review.ts'
import type { PolicyCommit } from '../git/repository.ts'
import type { Database } from '../store/database.ts'
import { keptCommits } from './kept-commits.ts'
import type { PeopleChanges } from './people-changes.ts'
import type { AppliedSource } from './publication.ts'

/** A table that was in force in a namespace, and what brought it. */
export interface PastVersion {
  /** Number of the release. */
  readonly id: number
  readonly namespace: string
  readonly digest: string
  readonly publishedAt: string
  /** Digest of the table that it followed; omitted for the first. */
  readonly before?: string
  /** Whether the text of the table is still kept. */
  readonly kept: boolean
  /** The commit that it was compiled from, and what that said of itself where it was fetched. */
  readonly commit?: Pick<PolicyCommit, 'id'> & Partial<PolicyCommit>
  /** How the change that brought the commit was reviewed, where it was. */
  readonly review?: CommitReview
  /** Ids of the overrides that are in the table; omitted when none are. */
  readonly overrides?: readonly string[]
  /** The sources of a cluster whose objects are in the table; omitted when none are. */
  readonly sources?: readonly PastSource[]
  /** What changed besides rules; omitted where it was not compared. */
  readonly people?: PeopleChanges
}

/** A PolicySource of a cluster in a version: its commit, and how what brought that was reviewed. */
export interface PastSource {
  /** namespace/name. */
  readonly source: string
  readonly commit: NonNullable<PastVersion['commit']>
  readonly review?: CommitReview
}

/** Which versions are asked for. */
export interface PastVersionsQuery {
  readonly namespace?: string
  /** Only those of these namespaces; of all of them when omitted. */
  readonly namespaces?: readonly string[]
  /** Only those with a smaller id: how to go on after the last one. */
  readonly before?: number
  readonly limit: number
}

/** Tables that are or were in force, newest first. */
export async function pastVersions(
  db: Kysely<Database>,
  query: PastVersionsQuery,
): Promise<readonly PastVersion[]> {
  const rows = await versionRows(db, query)
  const ids = [...new Set(rows.flatMap(commitsIn))]
  const commits = await keptCommits(db, ids)
  const reviews = await reviewsOf(db, ids)
  const commit = (id: string) => commits.get(id) ?? { id }
  return rows.map(row => {
    const { commit_id: id } = row
    const review = id === null ? undefined : reviews.get(id)?.at(-1)?.review
    const sources = sourcesIn(row).map(({ source, commit: id }) => {
      const own = reviews.get(id)?.find(known => known.source === source)
      return { source, commit: commit(id), ...(own && { review: own.review }) }
    })
    return {
      id: Number(row.sequence),
      namespace: row.namespace,
      digest: row.digest,
      publishedAt: row.published_at.toISOString(),
      ...(row.before !== null && { before: row.before }),
      kept: row.kept,
      ...(id !== null && { commit: commit(id) }),
      ...(review && { review }),
      ...(row.overrides !== null && { overrides: JSON.parse(row.overrides) }),
      ...(sources.length > 0 && { sources }),
      ...(row.people !== null && { people: JSON.parse(row.people) }),
    }
  })
}

function sourcesIn({ sources }: VersionRow): readonly AppliedSource[] {
  return sources === null ? [] : JSON.parse(sources)
}

function commitsIn(row: VersionRow): readonly string[] {
  const sources = sourcesIn(row).map(({ commit }) => commit)
  return row.commit_id === null ? sources : [row.commit_id, ...sources]
}

interface VersionRow {
  readonly sequence: number
  readonly namespace: string
  readonly digest: string
  readonly published_at: Date
  readonly commit_id: string | null
  readonly overrides: string | null
  readonly sources: string | null
  readonly people: string | null
  readonly before: string | null
  readonly kept: boolean
}

async function versionRows(
  db: Kysely<Database>,
  query: PastVersionsQuery,
): Promise<readonly VersionRow[]> {
  const namespace = query.namespace ?? null
  const namespaces = query.namespaces === undefined ? null : [...query.namespaces]
  const before = query.before ?? null
  const { rows } = await sql<VersionRow>`
    select r.sequence, r.namespace, r.digest, r.published_at, r.commit_id, r.overrides, r.sources,
      (select e.digest from releases e
        where e.namespace = r.namespace and e.sequence < r.sequence
        order by e.sequence desc limit 1) as before,
      (select p.changes from release_people p where p.sequence = r.sequence) as people,
      exists (select 1 from tables t where t.digest = r.digest) as kept
    from releases r
    where (${namespace}::text is null or r.namespace = ${namespace})
      and (${namespaces}::text[] is null or r.namespace = any(${namespaces}::text[]))
      and (${before}::bigint is null or r.sequence < ${before})
    order by r.sequence desc limit ${query.limit}`.execute(db)
  return rows
}

/** What is noted of commits, by their ids: one for each source that had it. */
async function reviewsOf(
  db: Kysely<Database>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly NotedReview[]>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('commit_reviews')
    .select(['commit_id', 'source', 'facts'])
    .where('commit_id', 'in', [...ids])
    .orderBy('source', 'desc')
    .execute()
  const noted = rows.map(({ commit_id: id, source, facts }) => ({
    ...{ id, source },
    review: JSON.parse(facts) as CommitReview,
  }))
  return Map.groupBy(noted, ({ id }) => id)
}

interface NotedReview {
  readonly source: string
  readonly review: CommitReview
}
