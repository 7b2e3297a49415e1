import { type Kysely, sql } from 'kysely'
import type { Database } from '../store/database.ts'
import type { Expired } from './retention.ts'

const atOnce = 5000

/** The longest window of a budget that ends, and a little more: a new budget counts what its window has on record. */
const windowMs = 35 * 86_400_000

/**
 * Deletes some usage of calls that is expired. Answers how many calls that were; 0 when there are no more. What a budget
 * may still count is kept: the windows that are open, and everything in namespaces with a budget whose window never ends.
 */
export async function deleteUsage(
  db: Kysely<Database>,
  { namespace, told, before }: Expired,
  now: number,
): Promise<number> {
  const of =
    namespace === null ? sql`u.namespace <> all(${told}::text[])` : sql`u.namespace = ${namespace}`
  const { numAffectedRows = 0n } = await sql`
    delete from usage where ctid = any (array(
      select u.ctid from usage u
      where u.time < ${new Date(Math.min(before, now - windowMs))} and ${of} and not exists (
        select from budget_counters c where c.namespace = u.namespace and c.window_start = '')
      limit ${atOnce}))`.execute(db)
  return Number(numAffectedRows)
}
