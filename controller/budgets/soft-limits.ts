import { type Kysely, sql } from 'kysely'
import type { Database } from '../store/database.ts'
import type { BudgetCounter, SoftLimitListener } from './budget-book.ts'
import type { CounterRow } from './counter-rows.ts'
import type { LendingNeeds } from './grant-lease.ts'
import type { DefinedBudget } from './plan-in-force.ts'
import { shown } from './read-counters.ts'

/** Names a budget. */
export interface BudgetName {
  readonly namespace: string
  readonly budget: string
}

/** Budgets that have counters of which nobody has been told. */
export async function untoldBudgets(
  db: Kysely<Database>,
  at: Date,
): Promise<readonly BudgetName[]> {
  return db
    .selectFrom('budget_counters')
    .select(['namespace', 'budget'])
    .distinct()
    .where('soft_told_at', 'is', null)
    .where(eb => eb.or([eb('window_end', 'is', null), eb('window_end', '>', at)]))
    .execute()
}

/**
 * Tells of the counters of a budget whose soft limit is passed and of which nobody has been told; of several processes
 * that try, one does. Rejects when a listener does: that counter is told of when this is called again.
 */
export async function tellSoftLimit(
  needs: LendingNeeds,
  { namespace, budget: name }: BudgetName,
  listeners: ReadonlySet<SoftLimitListener>,
): Promise<void> {
  const { db, plans, now } = needs
  const budget = (await plans.inForce(db, namespace))?.budgets.get(name)
  const softLimit = budget?.budget.softLimit
  if (budget === undefined || softLimit === undefined || listeners.size === 0) return
  const rows = await claimed(db, namespace, budget, softLimit, new Date(now()))
  const failures: unknown[] = []
  for (const counter of await shown(db, rows, budget)) {
    const failure = await tell(counter, listeners)
    if (failure === null) continue
    failures.push(failure.reason)
    await unclaim(db, counter)
  }
  if (failures.length > 0) throw new AggregateError(failures, 'soft limits not told')
}

async function claimed(
  db: Kysely<Database>,
  namespace: string,
  { budget, definition }: DefinedBudget,
  softLimit: number,
  at: Date,
): Promise<readonly CounterRow[]> {
  return db
    .updateTable('budget_counters')
    .set({ soft_told_at: at })
    .where('namespace', '=', namespace)
    .where('budget', '=', budget.name)
    .where('definition', '=', definition)
    .where('soft_told_at', 'is', null)
    .where('spent', '>=', softLimit)
    .where(eb => eb.or([eb('window_end', 'is', null), eb('window_end', '>', at)]))
    .returningAll()
    .execute()
}

async function unclaim(
  db: Kysely<Database>,
  { namespace, budget, counter, window }: BudgetCounter,
): Promise<void> {
  await sql`
    update budget_counters set soft_told_at = null where namespace = ${namespace}
      and budget = ${budget} and counter = ${counter} and window_start = ${window}`.execute(db)
}

async function tell(
  counter: BudgetCounter,
  listeners: ReadonlySet<SoftLimitListener>,
): Promise<{ readonly reason: unknown } | null> {
  try {
    for (const listener of listeners) await listener(counter)
    return null
  } catch (reason) {
    return { reason }
  }
}
