import type { Kysely, Transaction } from 'kysely'
import type {
  BudgetLeaseRenewal,
  BudgetLeaseRenewed,
  BudgetState,
} from '../../schemas/budget-lease.ts'
import type { Database } from '../store/database.ts'
import { stateOf } from './budget-state.ts'
import {
  type CounterRow,
  changeCounters,
  changeLeases,
  keyOf,
  keyText,
  type LeaseRow,
  outstanding,
  takenCounters,
} from './counter-rows.ts'
import type { LendingNeeds } from './grant-lease.ts'
import { lifeOf } from './life-of.ts'
import type { DefinedBudget, PlanReader } from './plan-in-force.ts'
import { newestRun } from './proxy-runs.ts'

type Asked = BudgetLeaseRenewal['leases'][number]

/** A lease as it was and as it is from now on. */
interface Renewal {
  readonly before: LeaseRow
  readonly after: LeaseRow
}

/**
 * Lets leases live on, or shrinks them: what is neither used, held nor kept can be leased to others from now on. A
 * lease whose budget is gone, whose counter somebody else needs, or that belongs to an earlier start of the proxy
 * gets no more time.
 */
export function renewLeases(
  needs: LendingNeeds,
  { proxy, run, leases: asked }: BudgetLeaseRenewal,
): Promise<BudgetLeaseRenewed> {
  return needs.db.transaction().execute(async db => {
    const at = new Date(needs.now())
    const ids = asked.map(({ id }) => id)
    const known = await leasesBy(db, ids, proxy, run)
    const counters = await takenCounters(db, known.map(keyOf))
    // Only now does nobody else change them.
    const rows = new Map((await leasesBy(db, ids, proxy, run)).map(row => [row.id, row]))
    const live = (await newestRun(db, proxy)) === run ? needs.life : null
    const budgets = await budgetsOf(needs.plans, db, [...rows.values()])
    const renewals = new Map<string, Renewal>()
    for (const one of asked) {
      const before = rows.get(one.id)
      if (before?.fence !== one.fence || before.state !== 'open') continue
      renewals.set(one.id, { before, after: shrunk(before, one) })
    }
    const after = withChanges(counters, [...renewals.values()])
    const answers = asked.map(one => {
      const row = rows.get(one.id)
      const counter = row && after.get(keyText(keyOf(row)))
      const budget = row && budgets.get(`${row.namespace}/${row.budget}`)
      const state = counter ? stateOf(counter, budget?.budget ?? null) : noState
      const renewed = renewals.get(one.id)?.after
      const ttlMs =
        live && counter && renewed
          ? lifeOf({ lease: renewed, asked: one, counter, budget, now: at.getTime(), life: live })
          : 0
      return { id: one.id, ttlMs, state }
    })
    await store(db, [...renewals.values()], answers, at)
    return { leases: answers }
  })
}

const noState: BudgetState = { limit: 0, extended: 0, spent: 0, reserved: 0 }

async function store(
  db: Transaction<Database>,
  renewals: readonly Renewal[],
  answers: BudgetLeaseRenewed['leases'],
  at: Date,
): Promise<void> {
  const lives = new Map(answers.map(({ id, ttlMs }) => [id, ttlMs]))
  await changeCounters(
    db,
    renewals.map(renewal => ({ ...keyOf(renewal.after), spent: 0, leased: changeOf(renewal) })),
  )
  await changeLeases(
    db,
    renewals.map(({ after }) => ({
      ...after,
      expires_at: new Date(at.getTime() + (lives.get(after.id) ?? 0)),
    })),
  )
}

/**
 * A lease never grows, unless providers charged more than they could and calls in flight hold what is used up. A
 * renewal that was held up on its way thus takes nothing that a later one keeps.
 */
function shrunk(row: LeaseRow, { used, held, keep }: Asked): LeaseRow {
  const busy = used + held
  const kept = Math.max(0, Math.min(keep, row.amount - busy))
  const state = held === 0 && keep === 0 ? 'closed' : row.state
  return { ...row, amount: Math.max(row.settled, busy + kept), state }
}

function changeOf({ before, after }: Renewal): number {
  return outstanding(after) - outstanding(before)
}

function withChanges(
  counters: ReadonlyMap<string, CounterRow>,
  renewals: readonly Renewal[],
): ReadonlyMap<string, CounterRow> {
  const changed = new Map(counters)
  for (const renewal of renewals) {
    const key = keyText(keyOf(renewal.after))
    const counter = changed.get(key)
    if (counter) changed.set(key, { ...counter, leased: counter.leased + changeOf(renewal) })
  }
  return changed
}

async function leasesBy(
  db: Kysely<Database>,
  ids: readonly string[],
  proxy: string,
  run: string,
): Promise<readonly LeaseRow[]> {
  if (ids.length === 0) return []
  return db
    .selectFrom('budget_leases')
    .selectAll()
    .where('id', 'in', ids)
    .where('proxy', '=', proxy)
    .where('run', '=', run)
    .execute()
}

/** Budgets in force by `namespace/name`. */
async function budgetsOf(
  plans: PlanReader,
  db: Kysely<Database>,
  rows: readonly LeaseRow[],
): Promise<ReadonlyMap<string, DefinedBudget>> {
  const found = new Map<string, DefinedBudget>()
  for (const namespace of new Set(rows.map(row => row.namespace))) {
    const plan = await plans.inForce(db, namespace)
    for (const [name, budget] of plan?.budgets ?? []) found.set(`${namespace}/${name}`, budget)
  }
  return found
}
