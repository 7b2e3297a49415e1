import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../store/database.ts'
import type { CounterKey } from './budget-book.ts'
import {
  type CounterRow,
  changeLeases,
  counterBy,
  insertCharges,
  keyOf,
  type NewCharge,
  takenCounters,
} from './counter-rows.ts'
import type { BudgetPlan, DefinedBudget } from './plan-in-force.ts'
import { spentBefore, windowEnd } from './seed.ts'

/**
 * Waits until no entry of the namespace is being stored, and keeps others from it: what a counter begins with is
 * what is on record, and every later entry sees the counter.
 */
async function aloneIn(db: Transaction<Database>, namespace: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${lockName(namespace)}, 0))`.execute(db)
}

/** Keeps counters of the namespace from being made until the transaction ends. */
export async function storingIn(db: Transaction<Database>, namespace: string): Promise<void> {
  const name = lockName(namespace)
  await sql`select pg_advisory_xact_lock_shared(hashtextextended(${name}, 0))`.execute(db)
}

function lockName(namespace: string): string {
  return `budget counters of ${namespace}`
}

/**
 * Makes a counter that begins with what the calls on record have spent, or counts one anew whose budget was written
 * to mean other calls. One of several that try at once does it.
 */
export function makeCounter(
  db: Kysely<Database>,
  plan: BudgetPlan,
  budget: DefinedBudget,
  key: CounterKey,
  at: Date,
): Promise<void> {
  return db.transaction().execute(async db => {
    await aloneIn(db, key.namespace)
    const before = await counterBy(db, key)
    if (before?.definition === budget.definition) return
    const sameUnit = before?.unit === budget.budget.unit
    const seed = await spentBefore(db, plan, budget, key, sameUnit)
    if (before === null) await begin(db, budget, key, seed, at)
    else await countAnew(db, budget, key, seed, at)
  })
}

async function begin(
  db: Transaction<Database>,
  budget: DefinedBudget,
  key: CounterKey,
  spent: number,
  at: Date,
): Promise<void> {
  const { namespace, counter, window } = key
  await db
    .insertInto('budget_counters')
    .values({
      ...{ namespace, budget: key.budget, counter, window_start: window },
      ...meaningOf(budget, key),
      ...{ extended: 0, spent, leased: 0, fence: 0, wanted_at: null, soft_told_at: null },
    })
    .execute()
  if (spent !== 0) await insertCharges(db, [chargeOf(key, 'seed', spent, at)])
}

/** What was written off stays spent; leases in another unit pay for nothing any more. */
async function countAnew(
  db: Transaction<Database>,
  budget: DefinedBudget,
  key: CounterKey,
  seed: number,
  at: Date,
): Promise<void> {
  const [before] = (await takenCounters(db, [key])).values()
  if (before === undefined) return
  const sameUnit = before.unit === budget.budget.unit
  const spent = seed + (sameUnit ? await writtenOff(db, before) : 0)
  if (!sameUnit) await endLeases(db, before)
  await db
    .updateTable('budget_counters')
    .set({
      ...meaningOf(budget, key),
      spent,
      ...(!sameUnit && { leased: 0, extended: 0, soft_told_at: null }),
    })
    .where('namespace', '=', key.namespace)
    .where('budget', '=', key.budget)
    .where('counter', '=', key.counter)
    .where('window_start', '=', key.window)
    .execute()
  const change = spent - before.spent
  if (change !== 0) await insertCharges(db, [chargeOf(key, 'correction', change, at)])
}

function meaningOf(budget: DefinedBudget, key: CounterKey) {
  const end = windowEnd(budget, key)
  return {
    window_end: end === Number.POSITIVE_INFINITY ? null : new Date(end),
    unit: budget.budget.unit,
    definition: budget.definition,
  }
}

async function writtenOff(db: Transaction<Database>, row: CounterRow): Promise<number> {
  const leases = await leasesOf(db, row)
  return leases.reduce((sum, { written_off }) => sum + written_off, 0)
}

async function endLeases(db: Transaction<Database>, row: CounterRow): Promise<void> {
  const leases = await leasesOf(db, row)
  await changeLeases(
    db,
    leases.map(lease => ({ ...lease, amount: lease.settled, written_off: 0, state: 'closed' })),
  )
}

async function leasesOf(db: Transaction<Database>, row: CounterRow) {
  const { namespace, budget, counter, window } = keyOf(row)
  return db
    .selectFrom('budget_leases')
    .selectAll()
    .where('namespace', '=', namespace)
    .where('budget', '=', budget)
    .where('counter', '=', counter)
    .where('window_start', '=', window)
    .where('unit', '=', row.unit)
    .where(eb => eb.or([eb('amount', '>', eb.ref('settled')), eb('written_off', '>', 0)]))
    .execute()
}

function chargeOf(
  { namespace, budget, counter, window }: CounterKey,
  kind: 'seed' | 'correction',
  amount: number,
  time: Date,
): NewCharge {
  return {
    ...{ proxy: null, seq: null, lease: null, reason: null },
    ...{ time, namespace, budget, counter, window_start: window, kind, amount },
  }
}
