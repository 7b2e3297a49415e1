import { type Kysely, sql } from 'kysely'
import type { Database } from '../store/database.ts'
import type { Part } from './export-parts.ts'

/** A statement of a proxy, and the entry that it belongs to. */
export interface PlacedStatement {
  readonly seq: number
  /** As JSON, as it was signed. */
  readonly statement: string
}

/** The keys that a proxy named, those that were not believed as well, in the order in which they were to be used. */
export async function keysOf(
  db: Kysely<Database>,
  { proxy, to }: Part,
): Promise<readonly PlacedStatement[]> {
  const rows = await db
    .selectFrom('chain_keys')
    .select(['from_seq', 'statement'])
    .where('proxy', '=', proxy)
    .where('from_seq', '<=', to)
    .orderBy('from_seq')
    .orderBy('noted_at')
    .execute()
  return rows.map(({ from_seq: seq, statement }) => ({ seq, statement }))
}

/** The seals of entries of a part by keys that are believed. */
export async function sealsOf(
  db: Kysely<Database>,
  { proxy, from, to }: Part,
): Promise<ReadonlyMap<number, string>> {
  const rows = await db
    .selectFrom('chain_seals as s')
    .innerJoin('chain_keys as k', join =>
      join.onRef('k.proxy', '=', 's.proxy').onRef('k.key_id', '=', 's.key_id'),
    )
    .select(['s.seq', 's.statement'])
    .where('s.proxy', '=', proxy)
    .where('s.seq', '>=', from)
    .where('s.seq', '<=', to)
    .where('k.believed', '=', true)
    // A key that was named in time and followed since sealed only what is before its follower.
    .where(sql<boolean>`not exists (
      select from chain_keys n where n.proxy = s.proxy and n.believed
        and n.from_seq <= s.seq and n.from_seq > k.from_seq)`)
    .execute()
  return new Map(rows.map(({ seq, statement }) => [seq, statement]))
}
