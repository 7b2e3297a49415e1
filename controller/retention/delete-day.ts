import { type Kysely, sql } from 'kysely'
import type { Database } from '../store/database.ts'
import type { RecordDay } from '../store/record-days.ts'
import { leaveRanges, mayDelete, type Run } from './leave-ranges.ts'

/**
 * Deletes a day as a whole, which costs nothing an entry, once checkpoints cover all of it. Answers how many entries
 * there were; null when some have to wait for a checkpoint, or another controller deletes.
 */
export async function deleteDay(
  db: Kysely<Database>,
  { table }: RecordDay,
  at: Date,
): Promise<number | null> {
  return db.transaction().execute(async db => {
    await sql`set local statement_timeout = '10min'`.execute(db)
    await sql`set local lock_timeout = '3s'`.execute(db)
    if (!(await mayDelete(db))) return null
    const name = sql.ref(table)
    await sql`lock table ${name} in access exclusive mode`.execute(db)
    const { rows: waiting } = await sql`
      select r.proxy from (select proxy, max(seq) as seq from ${name} group by proxy) r
      left join checkpoint_heads h on h.proxy = r.proxy
      where r.seq > coalesce(h.seq, 0) limit 1`.execute(db)
    if (waiting.length > 0) return null
    const { rows: runs } = await sql<Run>`
      select proxy, min(seq)::float8 as "from", max(seq)::float8 as "to" from (
        select proxy, seq, seq - row_number() over (partition by proxy order by seq) as run
        from ${name}
      ) as numbered group by proxy, run order by proxy, 2`.execute(db)
    await leaveRanges(db, runs, at)
    await sql`drop table ${name}`.execute(db)
    return runs.reduce((sum, { from, to }) => sum + to - from + 1, 0)
  })
}
