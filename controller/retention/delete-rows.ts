import { type Kysely, sql } from 'kysely'
import type { Database } from '../store/database.ts'
import { leaveRanges, mayDelete, runsOf } from './leave-ranges.ts'
import type { Expired } from './retention.ts'

/** How many entries one transaction deletes at most. */
const atOnce = 5000

/** How many runs may wait for a checkpoint that says that they were deleted. */
const mostWaiting = 50_000

export interface DeletedRows {
  readonly count: number
  /** Whether nothing is left. */
  readonly isAll: boolean
}

/**
 * Deletes some of what is expired between two instants, as far as checkpoints cover it. Answers how many entries that
 * were, and whether there may be more: those that wait for a checkpoint, or for another controller that deletes.
 */
export async function deleteRows(
  db: Kysely<Database>,
  { namespace, told, before }: Expired,
  span: { readonly from: number; readonly to: number },
  at: Date,
): Promise<DeletedRows> {
  return db.transaction().execute(async db => {
    if (!(await mayDelete(db))) return { count: 0, isAll: false }
    const { waiting } = await db
      .selectFrom('pruned_ranges')
      .select(eb => eb.fn.countAll<string>().as('waiting'))
      .where('checkpoint', 'is', null)
      .executeTakeFirstOrThrow()
    if (Number(waiting) >= mostWaiting) return { count: 0, isAll: false }
    const of =
      namespace === null
        ? sql`r.namespace <> all(${told}::text[])`
        : sql`r.namespace = ${namespace}`
    const to = new Date(Math.min(span.to, before))
    const fits = sql`r.time >= ${new Date(span.from)} and r.time < ${to} and ${of}`
    const { rows } = await sql<{ proxy: string; seq: number }>`
      select r.proxy, r.seq from records r join checkpoint_heads h on h.proxy = r.proxy
      where ${fits} and r.seq <= h.seq order by r.proxy, r.seq limit ${atOnce}`.execute(db)
    if (rows.length === 0) {
      const left = await sql`select from records r where ${fits} limit 1`.execute(db)
      return { count: 0, isAll: left.rows.length === 0 }
    }
    await leaveRanges(db, runsOf(rows), at)
    await sql`
      delete from records r
      using unnest(${rows.map(({ proxy }) => proxy)}::text[], ${rows.map(({ seq }) => seq)}::bigint[])
        as gone (proxy, seq)
      where r.proxy = gone.proxy and r.seq = gone.seq and ${fits}`.execute(db)
    return { count: rows.length, isAll: false }
  })
}
