import type { Transaction } from 'kysely'
import type { BudgetLeaseAnswer, BudgetLeaseRequest } from '../../schemas/budget-lease.ts'
import { ControllerFailure } from '../failure.ts'
import type { Database } from '../store/database.ts'
import { stateOf } from './budget-state.ts'
import { counterBy, keyOf, keyText } from './counter-rows.ts'
import type { DefinedBudget } from './plan-in-force.ts'

/**
 * The lease that this start of the proxy has under the id already: its answer was lost. Null for a new id. Rejects with
 * a ControllerFailure when the id is that of another's lease, or of one that may no longer be used.
 */
export async function repeatedLease(
  db: Transaction<Database>,
  request: BudgetLeaseRequest,
  { budget }: DefinedBudget,
  at: Date,
): Promise<BudgetLeaseAnswer | null> {
  const row = await db
    .selectFrom('budget_leases')
    .selectAll()
    .where('id', '=', request.lease)
    .executeTakeFirst()
  if (row === undefined) return null
  const ttlMs = row.expires_at.getTime() - at.getTime()
  const same = row.proxy === request.proxy && row.run === request.run
  const counter = await counterBy(db, keyOf(row))
  const usable = row.state === 'open' && ttlMs > 0 && counter !== null
  if (!same || keyText(keyOf(row)) !== keyText(request) || !usable) {
    throw new ControllerFailure('lease_conflict', `lease ${row.id} is there already`)
  }
  const { id, fence, amount } = row
  return { lease: { id, fence, amount, ttlMs }, state: stateOf(counter, budget) }
}
