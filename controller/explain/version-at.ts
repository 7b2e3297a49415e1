import { type Kysely, sql } from 'kysely'
import type { WrittenPolicies } from '../policies/written-policies.ts'
import { type PastVersion, pastVersions } from '../publish/past-versions.ts'
import type { Database } from '../store/database.ts'

/** A version of the policies of a namespace. */
export interface FoundVersion {
  readonly outcome: 'found'
  /** Canonical JSON of the table. */
  readonly table: string
  readonly digest: string
  /** The commit that was asked for. */
  readonly commit: string | null
  /** What brought it; null when it was never in force. */
  readonly version: PastVersion | null
}

/**
 * `unknown`: nobody knows it here. `ambiguous`: more than one begins so. `not_kept`: the text of its table is gone.
 * `broken`: it does not compile. `no_table`: it has no policies for the namespace.
 */
export type NoVersion = {
  readonly outcome: 'unknown' | 'ambiguous' | 'not_kept' | 'broken' | 'no_table'
}

export interface VersionAtNeeds {
  readonly db: Kysely<Database>
  /** Null where versions are only asked for that were in force. */
  readonly written: Pick<WrittenPolicies, 'at' | 'compile'> | null
}

/** What a version may be asked for by: a commit or the digest of a table, of either at least so many digits. */
export const versionPattern = '^([0-9a-f]{7,64}|sha256:[0-9a-f]{12,64})$'

/**
 * The version of the policies of a namespace that was in force with a commit, or has a digest; a commit that never was in
 * force is compiled from its files, where they are still had.
 */
export async function versionAt(
  needs: VersionAtNeeds,
  namespace: string,
  at: string,
  signal: AbortSignal,
): Promise<FoundVersion | NoVersion> {
  const { db } = needs
  const released = at.startsWith('sha256:')
    ? await withDigest(db, namespace, at)
    : await withCommit(db, namespace, at)
  if (released === 'ambiguous') return { outcome: 'ambiguous' }
  if (released !== null) return kept(db, released)
  return at.startsWith('sha256:') ? { outcome: 'unknown' } : compiled(needs, namespace, at, signal)
}

/** The release that had put a table in force at a time, with what brought it; null when none is known. */
export async function versionThen(
  db: Kysely<Database>,
  namespace: string,
  digest: string,
  time: Date,
): Promise<PastVersion | null> {
  const rows = await db
    .selectFrom('releases')
    .select(['sequence', 'published_at'])
    .where('namespace', '=', namespace)
    .where('digest', '=', digest)
    .orderBy('sequence')
    .execute()
  const before = rows.findLast(({ published_at }) => published_at <= time) ?? rows[0]
  return before === undefined ? null : numbered(db, Number(before.sequence))
}

/** The version that is in force in a namespace now; null when none ever was. */
export async function newestVersion(
  db: Kysely<Database>,
  namespace: string,
): Promise<PastVersion | null> {
  const [newest] = await pastVersions(db, { namespace, limit: 1 })
  return newest ?? null
}

interface Release {
  readonly sequence: number
  readonly digest: string
  readonly commit: string | null
}

async function withDigest(
  db: Kysely<Database>,
  namespace: string,
  digest: string,
): Promise<Release | 'ambiguous' | null> {
  const rows = await db
    .selectFrom('releases')
    .select(['sequence', 'digest', 'commit_id'])
    .where('namespace', '=', namespace)
    .where('digest', 'like', `${digest}%`)
    .orderBy('sequence', 'desc')
    .execute()
  if (new Set(rows.map(row => row.digest)).size > 1) return 'ambiguous'
  const [first] = rows
  if (first === undefined) return null
  return { sequence: Number(first.sequence), digest: first.digest, commit: first.commit_id }
}

/**
 * What was in force in the namespace once the commit was: a commit that changes nothing in a namespace leaves there what was
 * in force before.
 */
async function withCommit(
  db: Kysely<Database>,
  namespace: string,
  commit: string,
): Promise<Release | 'ambiguous' | null> {
  const like = `${commit}%`
  const { rows } = await sql<{ sequence: string; id: string; own: boolean }>`
    select r.sequence, r.namespace = ${namespace} as own, coalesce(s.commit, r.commit_id) as id
    from releases r
    left join lateral (
      select source ->> 'commit' as commit from jsonb_array_elements(r.sources::jsonb) as source
      where source ->> 'commit' like ${like} limit 1
    ) s on r.sources is not null
    where r.commit_id like ${like} or s.commit is not null
    order by own desc, r.sequence desc`.execute(db)
  const [newest] = rows
  if (newest === undefined) return null
  if (new Set(rows.map(({ id }) => id)).size > 1) return 'ambiguous'
  const row = await db
    .selectFrom('releases')
    .select(['sequence', 'digest'])
    .where('namespace', '=', namespace)
    .where('sequence', '<=', Number(newest.sequence))
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row ? { sequence: Number(row.sequence), digest: row.digest, commit: newest.id } : null
}

async function kept(
  db: Kysely<Database>,
  { sequence, digest, commit }: Release,
): Promise<FoundVersion | NoVersion> {
  const table = await tableBy(db, digest)
  if (table === null) return { outcome: 'not_kept' }
  return { outcome: 'found', table, digest, commit, version: await numbered(db, sequence) }
}

/** The canonical JSON of a table; null when it is not kept. */
export async function tableBy(db: Kysely<Database>, digest: string): Promise<string | null> {
  const row = await db
    .selectFrom('tables')
    .select('body')
    .where('digest', '=', digest)
    .executeTakeFirst()
  return row?.body ?? null
}

/** A commit that changed nothing in the namespace has the table of one before. */
async function compiled(
  { db, written }: VersionAtNeeds,
  namespace: string,
  commit: string,
  signal: AbortSignal,
): Promise<FoundVersion | NoVersion> {
  const files = (await written?.at(commit, signal)) ?? null
  if (written === null || files === null) return { outcome: 'unknown' }
  const { tables } = await written.compile(files, signal)
  if (tables === null) return { outcome: 'broken' }
  const [, table] = tables.find(([name]) => name === namespace) ?? []
  if (table === undefined) return { outcome: 'no_table' }
  const { json, digest } = table
  const version = await versionThen(db, namespace, digest, new Date(8.64e15))
  return { outcome: 'found', table: json, digest, commit, version }
}

async function numbered(db: Kysely<Database>, sequence: number): Promise<PastVersion | null> {
  const [version] = await pastVersions(db, { before: sequence + 1, limit: 1 })
  return version?.id === sequence ? version : null
}
