import { type Kysely, type Selectable, sql } from 'kysely'
import type { Database, ProxyRow } from './store/database.ts'

/** What is known of a proxy, as the store has it. */
export type KeptProxy = Selectable<ProxyRow>

/** What changes with every report: when it came, and how far the journal is. */
export type ProxyBeat = Omit<KeptProxy, 'report' | 'namespace' | 'pod_name' | 'pod_uid'>

/** Where processes that share a store are told that a proxy reported something new. */
export const proxiesChannel = 'writ_proxies'

/** Rows of one statement; a report may have some megabytes. */
const atOnce = { reports: 50, beats: 1000 }

/** Keeps reports, and tells other processes. */
export async function keepReports(db: Kysely<Database>, rows: readonly KeptProxy[]): Promise<void> {
  for (let at = 0; at < rows.length; at += atOnce.reports) {
    await db.transaction().execute(async db => {
      await db
        .insertInto('proxies')
        .values(rows.slice(at, at + atOnce.reports))
        .onConflict(existing =>
          existing.column('id').doUpdateSet(({ ref }) => ({
            seen_at: ref('excluded.seen_at'),
            report: ref('excluded.report'),
            namespace: ref('excluded.namespace'),
            pod_name: ref('excluded.pod_name'),
            pod_uid: ref('excluded.pod_uid'),
            digest: ref('excluded.digest'),
            seq: ref('excluded.seq'),
            shipped: ref('excluded.shipped'),
          })),
        )
        .execute()
      await sql`select pg_notify(${proxiesChannel}, '')`.execute(db)
    })
  }
}

/** Notes that proxies said the same again. Returns those that the store has otherwise, or not at all. */
export async function keepBeats(
  db: Kysely<Database>,
  beats: readonly ProxyBeat[],
): Promise<readonly ProxyBeat[]> {
  const kept = new Set<string>()
  for (let at = 0; at < beats.length; at += atOnce.beats) {
    const some = beats.slice(at, at + atOnce.beats)
    const { rows } = await sql<{ id: string }>`
      update proxies set
        seen_at = greatest(proxies.seen_at, beat.seen_at), seq = beat.seq, shipped = beat.shipped
      from (
        select * from unnest(
          ${some.map(({ id }) => id)}::text[], ${some.map(({ digest }) => digest)}::text[],
          ${some.map(({ seen_at }) => seen_at.toISOString())}::timestamptz[],
          ${some.map(({ seq }) => seq)}::bigint[], ${some.map(({ shipped }) => shipped)}::bigint[]
        ) as beat (id, digest, seen_at, seq, shipped)
      ) as beat
      where proxies.id = beat.id and proxies.digest = beat.digest
      returning proxies.id`.execute(db)
    for (const { id } of rows) kept.add(id)
  }
  return beats.filter(({ id }) => !kept.has(id))
}

/** Proxies heard of since then. */
export async function readBeats(db: Kysely<Database>, since: Date): Promise<readonly ProxyBeat[]> {
  return db
    .selectFrom('proxies')
    .select(['id', 'seen_at', 'digest', 'seq', 'shipped'])
    .where('seen_at', '>', since)
    .execute()
}

/** What is kept of these proxies. */
export async function readReports(
  db: Kysely<Database>,
  ids: readonly string[],
): Promise<readonly KeptProxy[]> {
  const found: KeptProxy[] = []
  for (let at = 0; at < ids.length; at += atOnce.reports) {
    const some = ids.slice(at, at + atOnce.reports)
    found.push(...(await db.selectFrom('proxies').selectAll().where('id', 'in', some).execute()))
  }
  return found
}

/** Every proxy that is kept. */
export async function readIds(db: Kysely<Database>): Promise<ReadonlySet<string>> {
  const rows = await db.selectFrom('proxies').select('id').execute()
  return new Set(rows.map(({ id }) => id))
}
