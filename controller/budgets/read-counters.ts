import { type Kysely, sql } from 'kysely'
import type { Database } from '../store/database.ts'
import type { BudgetCounter, CounterFilter, CounterKey } from './budget-book.ts'
import { leftOf } from './budget-state.ts'
import { type CounterRow, keyOf, keyText, type LeaseRow } from './counter-rows.ts'
import type { LendingNeeds } from './grant-lease.ts'
import { makeCounter } from './make-counter.ts'
import type { BudgetPlan, DefinedBudget } from './plan-in-force.ts'

const mostCounters = 1000

/** Counters of a namespace whose window is open, of budgets in force; those of the whole namespace are made if need be. */
export async function readCounters(
  needs: LendingNeeds,
  namespace: string,
  { budget: only, counter }: CounterFilter,
): Promise<readonly BudgetCounter[]> {
  const { db, plans, now } = needs
  const plan = await plans.inForce(db, namespace)
  if (plan === null) return []
  const found: BudgetCounter[] = []
  for (const [name, budget] of [...plan.budgets].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (only !== undefined && only !== name) continue
    if (budget.budget.per === 'namespace' && budget.budget.window !== 'session') {
      await makeIfNone(needs, plan, budget, keyAt(namespace, budget, now()))
    }
    const most = mostCounters - found.length
    const rows = await openRows(db, namespace, budget, { counter, most, now: now() })
    found.push(...(await shown(db, rows, budget)))
  }
  return found
}

function keyAt(namespace: string, { budget, windowAt }: DefinedBudget, at: number): CounterKey {
  return { namespace, budget: budget.name, counter: '', window: windowAt(at).start }
}

async function makeIfNone(
  { db, now }: LendingNeeds,
  plan: BudgetPlan,
  budget: DefinedBudget,
  key: CounterKey,
): Promise<void> {
  const row = await db
    .selectFrom('budget_counters')
    .select('definition')
    .where('namespace', '=', key.namespace)
    .where('budget', '=', key.budget)
    .where('counter', '=', key.counter)
    .where('window_start', '=', key.window)
    .executeTakeFirst()
  if (row?.definition === budget.definition) return
  await makeCounter(db, plan, budget, key, new Date(now()))
}

interface Wanted {
  readonly counter: string | undefined
  readonly most: number
  readonly now: number
}

async function openRows(
  db: Kysely<Database>,
  namespace: string,
  { budget, definition }: DefinedBudget,
  { counter, most, now }: Wanted,
): Promise<readonly CounterRow[]> {
  if (most <= 0) return []
  const query = db
    .selectFrom('budget_counters')
    .selectAll()
    .where('namespace', '=', namespace)
    .where('budget', '=', budget.name)
    .where('definition', '=', definition)
    .where(eb => eb.or([eb('window_end', 'is', null), eb('window_end', '>', new Date(now))]))
    .orderBy('spent', 'desc')
    .orderBy('counter')
    .limit(most)
  return (counter === undefined ? query : query.where('counter', '=', counter)).execute()
}

/** Counters as they are told, with their leases. */
export async function shown(
  db: Kysely<Database>,
  rows: readonly CounterRow[],
  budget: DefinedBudget,
): Promise<readonly BudgetCounter[]> {
  const leases = Map.groupBy(await unsettled(db, rows), lease => keyText(keyOf(lease)))
  return rows.map(row => counterOf(row, budget, leases.get(keyText(keyOf(row))) ?? []))
}

async function unsettled(
  db: Kysely<Database>,
  rows: readonly CounterRow[],
): Promise<readonly LeaseRow[]> {
  const [first] = rows
  if (first === undefined) return []
  const words = [...new Set(rows.map(({ counter }) => counter))]
  return db
    .selectFrom('budget_leases')
    .selectAll()
    .where('namespace', '=', first.namespace)
    .where('budget', '=', first.budget)
    .where(sql<boolean>`counter = any(${words}::text[])`)
    .where(eb => eb('amount', '>', eb.ref('settled')))
    .orderBy('fence')
    .execute()
}

function counterOf(
  row: CounterRow,
  { budget }: DefinedBudget,
  leases: readonly LeaseRow[],
): BudgetCounter {
  const { per, unit, window: windowKind, limit, softLimit } = budget
  const { extended, spent, leased, window_end } = row
  return {
    ...keyOf(row),
    ...{ per, unit, windowKind, limit, extended, spent, reserved: leased },
    remaining: Math.max(0, leftOf(row, budget)),
    ...(softLimit !== undefined && { softLimit }),
    ...(window_end !== null && { resetsAt: window_end.toISOString() }),
    leases: leases.map(lease => ({
      ...{ id: lease.id, proxy: lease.proxy, state: lease.state, amount: lease.amount },
      ...{ settled: lease.settled, writtenOff: lease.written_off },
      expiresAt: lease.expires_at.toISOString(),
    })),
  }
}
