import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../store/database.ts'
import {
  changeCounters,
  changeLeases,
  insertCharges,
  keyOf,
  keyText,
  type LeaseRow,
  outstanding,
  takenCounters,
  writtenOffCharge,
} from './counter-rows.ts'

const atOnce = 100

/**
 * Counts as spent what was leased and neither settled nor heard of until `before`: some of it, the oldest first. True
 * when there may be more. Entries that come later lower it again.
 */
export function writeOff(db: Kysely<Database>, before: Date, at: Date): Promise<boolean> {
  return db.transaction().execute(async db => {
    const due = await dueLeases(db, before)
    const counters = await takenCounters(db, due.map(keyOf))
    const ids = due.map(({ id }) => id)
    // Only now does nobody else change them.
    const leases = (await dueLeases(db, before, ids)).filter(lease =>
      counters.has(keyText(keyOf(lease))),
    )
    await changeCounters(
      db,
      leases.map(lease => {
        const amount = outstanding(lease)
        return { ...keyOf(lease), spent: amount, leased: -amount }
      }),
    )
    await insertCharges(
      db,
      leases.map(lease => writtenOffCharge(lease, outstanding(lease), at)),
    )
    await changeLeases(
      db,
      leases.map(lease => ({
        ...lease,
        amount: lease.settled,
        written_off: lease.written_off + outstanding(lease),
        state: 'written_off',
      })),
    )
    return due.length === atOnce
  })
}

const forgottenAtOnce = 1000

/** Forgets leases of which nothing is left to settle and that were over `before`; their charges stay. */
export async function forgetLeases(db: Kysely<Database>, before: Date): Promise<void> {
  await sql`
    delete from budget_leases where id in (
      select id from budget_leases
      where amount <= settled and written_off = 0 and expires_at <= ${before}
      order by expires_at limit ${forgottenAtOnce}
    ) and amount <= settled and written_off = 0`.execute(db)
}

async function dueLeases(
  db: Transaction<Database>,
  before: Date,
  ids: readonly string[] | null = null,
): Promise<readonly LeaseRow[]> {
  if (ids?.length === 0) return []
  const query = db
    .selectFrom('budget_leases')
    .selectAll()
    .where(eb => eb('amount', '>', eb.ref('settled')))
    .where('expires_at', '<=', before)
    .orderBy('expires_at')
    .limit(atOnce)
  return (ids === null ? query : query.where('id', 'in', ids)).execute()
}
