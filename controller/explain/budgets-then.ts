import type { Kysely } from 'kysely'
import { concerns, type PlannedBudget, payerOf } from '../../policy/spend/spend-plan.ts'
import { builtin } from '../../schemas/builtin-tool.ts'
import type { CallExplanation } from '../../schemas/call-explanation.ts'
import type { Record as Entry } from '../../schemas/record.ts'
import { counterBy } from '../budgets/counter-rows.ts'
import { type ReadCharge, readCharges } from '../budgets/read-charges.ts'
import type { Side } from '../replay/side.ts'
import type { Database } from '../store/database.ts'
import type { ReadCall } from './read-call.ts'

type BudgetThen = CallExplanation['budgets'][number]

/** A counter of a budget in one window. */
interface Key {
  readonly namespace: string
  readonly budget: string
  readonly counter: string
  readonly window: string
}

/** The budgets that concern a call, by the table that decided it, as they stood at that moment. */
export async function budgetsThen(
  db: Kysely<Database>,
  side: Side,
  agents: Side['agents'],
  { attempt, outcome }: ReadCall,
): Promise<readonly BudgetThen[]> {
  const { entry, time } = attempt
  const at = time ?? 0
  const found: BudgetThen[] = []
  for (const { planned, counter } of concerned(side, agents, entry)) {
    const { name: budget, unit, limit } = planned.budget
    const window = windowOf(planned, at)
    const key = { namespace: entry.namespace, budget, counter, window }
    const made = await counterBy(db, key)
    found.push({
      ...{ budget, counter, window: window === '' ? null : window, unit, limit },
      extended: made?.extended ?? 0,
      spent: await spentBefore(db, key, at),
      reserved: await reservedThen(db, key, attempt.entry, at),
      held: chargeOn(entry, key),
      charged: outcome && chargeOn(outcome.entry, key),
      softLimitPassed: entry.softLimits?.includes(budget) ?? false,
      refused: isRefusedBy(budget, entry, outcome?.entry.error ?? ''),
    })
  }
  return found
}

/** Providers count tokens for nothing, and nobody pays for asking people. */
function concerned(side: Side, agents: Side['agents'], entry: Entry) {
  const { agent = '', apiKey = '', session = '', kind, tool = '', model = '' } = entry
  const known = agents.get(agent)
  const free = entry.server === builtin || entry.endpoint?.endsWith('/count_tokens')
  if (known === undefined || free || (kind !== 'tool' && kind !== 'model')) return []
  const what = kind === 'tool' ? { tool } : { model }
  return concerns(side.budgets, payerOf(known, { apiKey, session, ...what }))
}

function windowOf({ budget, windowAt }: PlannedBudget, at: number): string {
  return budget.window === 'session' || budget.window === 'total' ? '' : windowAt(at).start
}

function isSame(charge: ReadCharge, { budget, counter, window }: Key): boolean {
  return charge.budget === budget && charge.counter === counter && charge.window === window
}

/** What an entry says of the counter; null for nothing. */
function chargeOn(entry: Entry, key: Key): number | null {
  const own = readCharges(entry).charges.filter(charge => isSame(charge, key))
  return own.length === 0 ? null : own.reduce((sum, { amount }) => sum + amount, 0)
}

function charges(db: Kysely<Database>, { namespace, budget, counter, window }: Key) {
  return db
    .selectFrom('budget_charges')
    .where('budget_charges.namespace', '=', namespace)
    .where('budget', '=', budget)
    .where('counter', '=', counter)
    .where('window_start', '=', window)
}

async function spentBefore(db: Kysely<Database>, key: Key, at: number): Promise<number | null> {
  const row = await charges(db, key)
    .where('budget_charges.time', '<', new Date(at))
    .select(eb => [eb.fn.sum('amount').as('amount'), eb.fn.countAll().as('count')])
    .executeTakeFirst()
  return row === undefined || Number(row.count) === 0 ? null : Number(row.amount)
}

/** A call in flight has ended by then, or nobody looks for it. */
const longestFlightMs = 3_600_000
const mostFlights = 1000

/** What calls had set aside that were under way: their attempts say so. */
async function reservedThen(
  db: Kysely<Database>,
  key: Key,
  { call }: Entry,
  at: number,
): Promise<number | null> {
  const rows = await charges(db, key)
    .where('budget_charges.time', '>=', new Date(at))
    .where('budget_charges.time', '<', new Date(at + longestFlightMs))
    .innerJoin('records as ended', join =>
      join
        .onRef('ended.proxy', '=', 'budget_charges.proxy')
        .onRef('ended.seq', '=', 'budget_charges.seq'),
    )
    .innerJoin('records as begun', join => join.onRef('begun.call', '=', 'ended.call'))
    .where('begun.phase', '=', 'attempt')
    // Entries are kept by day, so that times say where to look.
    .where('ended.time', '>=', new Date(at))
    .where('ended.time', '<', new Date(at + longestFlightMs))
    .where('begun.time', '>=', new Date(at - longestFlightMs))
    .where('begun.time', '<', new Date(at))
    .where('begun.call', '!=', call)
    .select(['begun.entry', 'begun.proxy', 'begun.seq'])
    .distinct()
    .limit(mostFlights)
    .execute()
  if (rows.length === mostFlights) return null
  return rows.reduce((sum, { entry }) => sum + (chargeOn(JSON.parse(entry), key) ?? 0), 0)
}

const unpaid: ReadonlySet<string> = new Set([
  'budget_exceeded',
  'budget_unavailable',
  'price_unknown',
])

/** The caller was told which one it was. */
function isRefusedBy(budget: string, { reason }: Entry, told: string): boolean {
  return unpaid.has(reason) && told.includes(`budget "${budget}"`)
}
