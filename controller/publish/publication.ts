import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { TableRelease } from '../../schemas/table-release.ts'
import type { Database, ReleaseRow } from '../store/database.ts'
import type { SigningKey } from './signing-key.ts'

/** A release and the commit its source was at. */
export interface PastRelease extends TableRelease {
  readonly commit?: string
  /** Ids of the overrides that are in the table; omitted when none are. */
  readonly overrides?: readonly string[]
  /** The sources in a cluster whose objects are in the table; omitted when none are. */
  readonly sources?: readonly AppliedSource[]
}

/** A PolicySource as namespace/name, and its commit that was applied. */
export interface AppliedSource {
  readonly source: string
  readonly commit: string
}

/** The table that a namespace is to have. */
export interface Intended {
  readonly namespace: string
  readonly digest: string
  readonly commit: string | null
  readonly next?: TableRelease['next']
  readonly overrides?: readonly string[]
  readonly sources?: readonly AppliedSource[]
}

/** Names the lock in PostgreSQL that keeps two controllers from giving out one number twice. */
const publishLock = 0x77726974

/** Tables kept for proxies that are behind, and for people who compare. */
const keptReleases = 50

/** Nobody else publishes until the transaction ends: numbers are committed in their order. */
export async function lockPublishing(db: Transaction<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${publishLock})`.execute(db)
}

/** The newest release of every namespace that has one after the number, in the order of their numbers. */
export async function releasesAfter(
  db: Kysely<Database>,
  sequence: number,
): Promise<readonly PastRelease[]> {
  const rows = await db
    .selectFrom('releases')
    .selectAll()
    .distinctOn('namespace')
    .where('sequence', '>', sequence)
    .orderBy('namespace')
    .orderBy('sequence', 'desc')
    .execute()
  return rows.map(releaseOf).sort((a, b) => a.sequence - b.sequence)
}

/** Numbers, signs and keeps releases. The lock of publishing is held. */
export async function release(
  db: Transaction<Database>,
  tables: readonly Intended[],
  key: SigningKey,
  at: number,
): Promise<readonly PastRelease[]> {
  if (tables.length === 0) return []
  let sequence = await lastSequence(db)
  const rows = tables.map(table => {
    const { namespace, digest, next: steps } = table
    sequence = next(sequence, at)
    const publishedAt = new Date(at).toISOString()
    const stated = { namespace, sequence, digest, publishedAt, ...(steps && { next: steps }) }
    return rowOf(key.sign(stated), table)
  })
  await db.insertInto('releases').values(rows).execute()
  return rows.map(releaseOf)
}

/** Keeps tables by digest, and forgets old ones but those in force, however old they are. */
export async function keepTables(
  db: Transaction<Database>,
  bodies: ReadonlyMap<string, string>,
  inForce: readonly string[],
): Promise<void> {
  for (const [digest, body] of bodies) {
    await db
      .insertInto('tables')
      .values({ digest, body })
      .onConflict(existing => existing.column('digest').doNothing())
      .execute()
  }
  await sql`
    delete from tables
    where digest <> all(${[...inForce]}::text[])
      and digest not in (select digest from releases order by sequence desc limit ${keptReleases})
    `.execute(db)
}

/** Past releases, newest first. */
export async function pastReleases(
  db: Kysely<Database>,
  limit: number,
): Promise<readonly PastRelease[]> {
  const query = db.selectFrom('releases').selectAll().orderBy('sequence', 'desc').limit(limit)
  return (await query.execute()).map(releaseOf)
}

/** Not behind the seconds since 1970: a store that is restored from a copy or lost must not go back to numbers that proxies have passed. */
function next(last: number, now: number): number {
  return Math.max(last + 1, Math.floor(now / 1000))
}

async function lastSequence(db: Transaction<Database>): Promise<number> {
  const row = await db
    .selectFrom('releases')
    .select(eb => eb.fn.max('sequence').as('last'))
    .executeTakeFirst()
  return row?.last ?? 0
}

function rowOf(
  release: TableRelease,
  { commit, overrides = [], sources = [] }: Intended,
): Selectable<ReleaseRow> {
  return {
    sequence: release.sequence,
    namespace: release.namespace,
    digest: release.digest,
    commit_id: commit,
    published_at: new Date(release.publishedAt),
    key_id: release.keyId,
    signature: release.signature,
    next: release.next === undefined ? null : JSON.stringify(release.next),
    overrides: overrides.length === 0 ? null : JSON.stringify(overrides),
    sources: sources.length === 0 ? null : JSON.stringify(sources),
  }
}

function releaseOf(row: Selectable<ReleaseRow>): PastRelease {
  return {
    namespace: row.namespace,
    sequence: row.sequence,
    digest: row.digest,
    publishedAt: row.published_at.toISOString(),
    keyId: row.key_id,
    signature: row.signature,
    ...(row.next !== null && { next: JSON.parse(row.next) }),
    ...(row.commit_id !== null && { commit: row.commit_id }),
    ...(row.overrides !== null && { overrides: JSON.parse(row.overrides) }),
    ...(row.sources !== null && { sources: JSON.parse(row.sources) }),
  }
}
