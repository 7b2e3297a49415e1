import { sql, type Transaction } from 'kysely'
import type { BudgetLeaseAnswer, BudgetLeaseRequest } from '../../schemas/budget-lease.ts'
import { ControllerFailure } from '../failure.ts'
import type { Database } from '../store/database.ts'
import { stateOf } from './budget-state.ts'
import { type CounterRow, counterBy, keyOf, keyText, type LeaseRow } from './counter-rows.ts'
import type { LendingNeeds } from './grant-lease.ts'

/**
 * The lease that this start of the proxy has under the id already: its answer was lost, and nothing was used of it. It
 * lives on for a while, or where nothing may be reserved from it any more, just long enough to be given back. Null for
 * a new id. Rejects with a ControllerFailure when the id is that of another lease, or of one that was given back.
 */
export async function repeatedLease(
  { plans, life }: Pick<LendingNeeds, 'plans' | 'life'>,
  db: Transaction<Database>,
  request: BudgetLeaseRequest,
  at: Date,
): Promise<BudgetLeaseAnswer | null> {
  const row = await db
    .selectFrom('budget_leases')
    .selectAll()
    .where('id', '=', request.lease)
    .executeTakeFirst()
  if (row === undefined) return null
  const counter = isSame(row, request) ? await counterBy(db, keyOf(row)) : null
  if (counter === null) {
    throw new ControllerFailure('lease_conflict', `lease ${row.id} is there already`)
  }
  const budget = (await plans.inForce(db, row.namespace))?.budgets.get(row.budget)
  const left = row.expires_at.getTime() - at.getTime()
  const usable = budget?.definition === counter.definition && isOpen(counter, at, life.skewMs)
  const ttlMs = usable ? Math.max(left, life.shortMs) : 1
  await sql`
    update budget_leases set expires_at = ${new Date(at.getTime() + ttlMs)}
    where id = ${row.id}`.execute(db)
  const { id, fence, amount } = row
  return { lease: { id, fence, amount, ttlMs }, state: stateOf(counter, budget?.budget ?? null) }
}

function isSame(row: LeaseRow, request: BudgetLeaseRequest): boolean {
  const asker = row.proxy === request.proxy && row.run === request.run
  return asker && row.state === 'open' && keyText(keyOf(row)) === keyText(request)
}

function isOpen({ window_end: end }: CounterRow, at: Date, skewMs: number): boolean {
  return end === null || end.getTime() + skewMs > at.getTime()
}
