import { type Kysely, type Selectable, sql } from 'kysely'
import type { Cursor } from '../ledger/filter.ts'
import type { UsageRow } from '../store/budget-rows.ts'
import type { Database } from '../store/database.ts'
import { narrowedUsage, type UsageFilter } from './usage-filter.ts'

/** Calls, newest first, and where to go on; null at the end. */
export interface UsagePage {
  readonly rows: readonly Selectable<UsageRow>[]
  readonly next: Cursor | null
}

/** At most `limit` forwarded calls that the filter lets through, newest first, behind the cursor. */
export async function listUsage(
  db: Kysely<Database>,
  filter: UsageFilter,
  after: Cursor | null,
  limit: number,
): Promise<UsagePage> {
  let query = narrowedUsage(db.selectFrom('usage').selectAll(), filter)
    .orderBy('time', 'desc')
    .orderBy('proxy', 'desc')
    .orderBy('seq', 'desc')
    .limit(limit)
  if (after !== null) {
    const { time, proxy, seq } = after
    query = query
      // The index is by time alone, which a comparison of rows does not show.
      .where('time', '<=', new Date(time))
      .where(
        sql<boolean>`(time, proxy, seq) < (${new Date(time)}::timestamptz, ${proxy}::text, ${seq}::bigint)`,
      )
  }
  const rows = await query.execute()
  const last = rows.at(-1)
  return {
    rows,
    next:
      rows.length === limit && last !== undefined
        ? { time: last.time.getTime(), proxy: last.proxy, seq: last.seq }
        : null,
  }
}
