import { type Kysely, sql } from 'kysely'
import type { Filter } from '../ledger/filter.ts'
import type { Database } from '../store/database.ts'

/** The part of a chain that an export holds, both ends included. */
export interface Part {
  readonly proxy: string
  readonly from: number
  readonly to: number
}

/**
 * The parts of all chains that a filter leaves, sorted by proxy: from the first entry of its time to the last one. What is
 * in between and does not fit is left out of the export by digest. Entries that come later are not in them.
 */
export async function exportParts(db: Kysely<Database>, filter: Filter): Promise<readonly Part[]> {
  const { words, since, until } = filter
  const { proxy: only } = words
  const all = db.selectFrom('record_counts').select(['proxy', 'last_seq'])
  const asked = only === undefined ? all : all.where('proxy', '=', only)
  const parts: Part[] = []
  for (const { proxy, last_seq } of await asked.orderBy('proxy').execute()) {
    if (since === undefined && until === undefined) parts.push({ proxy, from: 1, to: last_seq })
    else {
      const part = await timedPart(db, proxy, { since, until })
      if (part !== null) parts.push({ ...part, to: Math.min(part.to, last_seq) })
    }
  }
  return parts
}

interface Times {
  readonly since: number | undefined
  readonly until: number | undefined
}

async function timedPart(
  db: Kysely<Database>,
  proxy: string,
  { since, until }: Times,
): Promise<Part | null> {
  let query = db
    .selectFrom('records')
    .select([sql<number | null>`min(seq)`.as('from'), sql<number | null>`max(seq)`.as('to')])
    .where('proxy', '=', proxy)
  if (since !== undefined) query = query.where('time', '>=', new Date(since))
  if (until !== undefined) query = query.where('time', '<', new Date(until))
  const { from, to } = await query.executeTakeFirstOrThrow()
  return from === null || to === null ? null : { proxy, from: Number(from), to: Number(to) }
}
