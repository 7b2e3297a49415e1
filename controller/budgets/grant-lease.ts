import { type Kysely, sql, type Transaction } from 'kysely'
import type { BudgetLeaseAnswer, BudgetLeaseRequest } from '../../schemas/budget-lease.ts'
import { ControllerFailure } from '../failure.ts'
import type { Database } from '../store/database.ts'
import type { CounterKey } from './budget-book.ts'
import { leftOf, stateOf } from './budget-state.ts'
import { type CounterRow, counterBy } from './counter-rows.ts'
import { expectBudget, expectWindow } from './expect-budget.ts'
import type { LeaseLife } from './lease-life.ts'
import { makeCounter } from './make-counter.ts'
import type { DefinedBudget, PlanReader } from './plan-in-force.ts'
import { expectRun } from './proxy-runs.ts'
import { repeatedLease } from './repeated-lease.ts'
import { mostCalls, tranche } from './tranche.ts'

export interface LendingNeeds {
  readonly db: Kysely<Database>
  readonly plans: PlanReader
  readonly now: () => number
  readonly life: LeaseLife
}

/** More than it takes while policies change. */
const mostTries = 5

/**
 * Leases a part of a counter, or nothing when less is left than is needed; a lease that the same start of the proxy has
 * under the same id is given again. Rejects with a ControllerFailure when the proxy counts by another budget than the
 * one in force, in a window that is not open, has started anew since or has told of no start.
 */
export async function grantLease(
  needs: LendingNeeds,
  request: BudgetLeaseRequest,
): Promise<BudgetLeaseAnswer> {
  const at = new Date(needs.now())
  for (let tries = 0; tries < mostTries; tries += 1) {
    const answer = await attempt(needs, request, at)
    if (answer !== null) return answer
    const { plan, budget } = await expectBudget(needs, request)
    await makeCounter(needs.db, plan, budget, keyIn(request), at)
  }
  throw new ControllerFailure('budget_outdated', `budget ${request.budget} changes all the time`)
}

/** Two requests for one lease may come at once; the second is answered when it is tried again. */
async function attempt(
  needs: LendingNeeds,
  request: BudgetLeaseRequest,
  at: Date,
): Promise<BudgetLeaseAnswer | null> {
  try {
    return await needs.db.transaction().execute(db => granted({ ...needs, db }, request, at))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === uniqueViolation) return null
    throw error
  }
}

const uniqueViolation = '23505'

type Granting = Omit<LendingNeeds, 'db'> & { readonly db: Transaction<Database> }

/** Null when the counter is not there, or counts what the budget no longer says. */
async function granted(
  needs: Granting,
  request: BudgetLeaseRequest,
  at: Date,
): Promise<BudgetLeaseAnswer | null> {
  const { db, life } = needs
  await expectRun(db, request)
  const given = await repeatedLease(needs, db, request, at)
  if (given !== null) return given
  const { budget } = await expectBudget(needs, request)
  expectWindow(budget, request, at.getTime(), life.skewMs)
  const counter = await takenFor(db, request, budget)
  if (counter !== null) return lent(needs, request, { counter, budget, at })
  const known = await counterBy(db, keyIn(request))
  if (known?.definition !== budget.definition) return null
  if (known.leased > 0) await wanted(db, request, at)
  return { lease: null, state: stateOf(known, budget.budget) }
}

/** Takes the counter until the transaction ends if it can still lend what is needed. */
async function takenFor(
  db: Transaction<Database>,
  request: BudgetLeaseRequest,
  { definition, budget }: DefinedBudget,
): Promise<CounterRow | null> {
  const { rows } = await sql<CounterRow>`
    update budget_counters set fence = fence + 1
    where ${isCounter(request)} and definition = ${definition}
      and spent + leased + ${Math.max(1, request.need)}::bigint <= ${budget.limit}::bigint + extended
    returning *`.execute(db)
  return rows[0] ?? null
}

interface Lending {
  readonly counter: CounterRow
  readonly budget: DefinedBudget
  readonly at: Date
}

async function lent(
  { db, life }: Granting,
  request: BudgetLeaseRequest,
  { counter, budget, at }: Lending,
): Promise<BudgetLeaseAnswer> {
  const { namespace, counter: word, window, proxy, run, need, lease: id } = request
  const left = leftOf(counter, budget.budget)
  const amount = tranche({ left, need, proxies: await holders(db, request, at) })
  const near = left - amount < Math.max(amount, need * mostCalls)
  const ttlMs = near ? life.shortMs : life.longMs
  const { fence } = counter
  const { rows } = await sql<CounterRow>`
    update budget_counters set leased = leased + ${amount}::bigint
    where ${isCounter(request)}
      and spent + leased + ${amount}::bigint <= ${budget.budget.limit}::bigint + extended
    returning *`.execute(db)
  const [after] = rows
  if (after === undefined) return { lease: null, state: stateOf(counter, budget.budget) }
  await db
    .insertInto('budget_leases')
    .values({
      ...{ id, namespace, budget: request.budget, counter: word, window_start: window },
      ...{ unit: budget.budget.unit, proxy, run, fence, amount, settled: 0, written_off: 0 },
      ...{ granted_at: at, expires_at: new Date(at.getTime() + ttlMs), state: 'open' },
    })
    .execute()
  return { lease: { id, fence, amount, ttlMs }, state: stateOf(after, budget.budget) }
}

/** How many proxies hold living leases of the counter, the one that asks included. */
async function holders(
  db: Transaction<Database>,
  { namespace, budget, counter, window, proxy }: BudgetLeaseRequest,
  at: Date,
): Promise<number> {
  const { rows } = await sql<{ others: number }>`
    select count(distinct proxy)::int as others from budget_leases
    where namespace = ${namespace} and budget = ${budget} and counter = ${counter}
      and window_start = ${window} and amount > settled and expires_at > ${at}
      and proxy <> ${proxy}`.execute(db)
  return (rows[0]?.others ?? 0) + 1
}

/** Notes that somebody needed more than was left, at most once a second. */
async function wanted(
  db: Transaction<Database>,
  request: BudgetLeaseRequest,
  at: Date,
): Promise<void> {
  await sql`
    update budget_counters set wanted_at = ${at} where ${isCounter(request)}
      and (wanted_at is null or wanted_at < ${new Date(at.getTime() - 1000)})`.execute(db)
}

function isCounter({ namespace, budget, counter, window }: CounterKey) {
  return sql<boolean>`namespace = ${namespace} and budget = ${budget} and counter = ${counter}
    and window_start = ${window}`
}

function keyIn({ namespace, budget, counter, window }: BudgetLeaseRequest): CounterKey {
  return { namespace, budget, counter, window }
}
