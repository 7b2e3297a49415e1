import type { Kysely } from 'kysely'
import type { BudgetLeaseRequest } from '../../schemas/budget-lease.ts'
import { ControllerFailure } from '../failure.ts'
import type { Database } from '../store/database.ts'
import type { BudgetPlan, DefinedBudget, PlanReader } from './plan-in-force.ts'

/**
 * The budget in force that a request is about. Rejects with a ControllerFailure when there is none, or when the
 * table by which the proxy counts has it mean other calls: it must follow first.
 */
export async function expectBudget(
  { db, plans }: { readonly db: Kysely<Database>; readonly plans: PlanReader },
  { namespace, budget: name, table }: BudgetLeaseRequest,
): Promise<{ readonly plan: BudgetPlan; readonly budget: DefinedBudget }> {
  const plan = await plans.inForce(db, namespace)
  const budget = plan?.budgets.get(name)
  if (plan === null || budget === undefined) {
    throw new ControllerFailure('budget_outdated', `there is no budget ${name} in ${namespace}`)
  }
  if (table === plan.table) return { plan, budget }
  const counted = await plans.ofTable(db, namespace, table)
  if (counted?.budgets.get(name)?.definition === budget.definition) return { plan, budget }
  throw new ControllerFailure(
    'budget_outdated',
    `budget ${name} means other calls in the table in force than in ${table}`,
  )
}

/** Throws a ControllerFailure unless the window is open, or would be by a clock that differs by at most `skewMs`. */
export function expectWindow(
  { windowAt }: DefinedBudget,
  { counter, window }: Pick<BudgetLeaseRequest, 'counter' | 'window'>,
  now: number,
  skewMs: number,
): void {
  if (!counter.isWellFormed() || counter.includes('\0')) {
    throw new ControllerFailure('window_closed', 'no counter has this name')
  }
  const open = [now, now - skewMs, now + skewMs].some(at => windowAt(at).start === window)
  if (open) return
  throw new ControllerFailure(
    'window_closed',
    `no window that is open now began at ${window || 'no time'}: clocks may differ by ${skewMs / 1000} s`,
  )
}
