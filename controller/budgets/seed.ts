import { sql, type Transaction } from 'kysely'
import { amountSpent } from '../../policy/spend/amount.ts'
import type { Usage } from '../../schemas/usage.ts'
import type { UsageRow } from '../store/budget-rows.ts'
import type { Database } from '../store/database.ts'
import type { CounterKey } from './budget-book.ts'
import { payerOfRow, spentOf } from './payer-of-row.ts'
import type { BudgetPlan, DefinedBudget } from './plan-in-force.ts'

/** Calls that count alike, taken together. */
interface Group
  extends Pick<
    UsageRow,
    | 'agent'
    | 'api_key'
    | 'user_name'
    | 'session'
    | 'flow'
    | 'kind'
    | 'model'
    | 'tool'
    | 'cost_source'
  > {
  readonly calls: number
  /** What they were charged to this counter when they were stored; null for calls that were not. */
  readonly charged: number | null
  readonly cost: number | null
  readonly input: number
  readonly output: number
  readonly cache_read: number
  readonly cache_write: number
}

/**
 * What the calls on record have spent from a counter: those of its window that were not charged to the same counter in
 * another. What one was charged to this counter in the same unit stands. Exact where calls have a price; those whose
 * price is estimated may count a micro-USD too much each.
 */
export async function spentBefore(
  db: Transaction<Database>,
  plan: BudgetPlan,
  budget: DefinedBudget,
  key: CounterKey,
  sameUnit: boolean,
): Promise<number> {
  const { per, window } = budget.budget
  const bySession = per === 'session' || window === 'session'
  let spent = 0
  for (const group of await groups(db, key, windowEnd(budget, key), bySession)) {
    const payer = payerOfRow(plan, group)
    if (!budget.counters(payer).includes(key.counter)) continue
    spent += sameUnit && group.charged !== null ? group.charged : amountOf(budget, group)
  }
  return spent
}

/** The end of a counter's window in ms since 1970; Infinity for session and total. */
export function windowEnd({ windowAt }: DefinedBudget, { window }: CounterKey): number {
  return window === '' ? Number.POSITIVE_INFINITY : windowAt(Date.parse(window)).end
}

async function groups(
  db: Transaction<Database>,
  { namespace, budget, counter, window }: CounterKey,
  end: number,
  bySession: boolean,
): Promise<readonly Group[]> {
  const from = window === '' ? sql`true` : sql`u.time >= ${new Date(window)}`
  const to = end === Number.POSITIVE_INFINITY ? sql`true` : sql`u.time < ${new Date(end)}`
  // A counter by session is named by it, or begins with it.
  const of = bySession ? sql`starts_with(${counter}, u.session)` : sql`true`
  const session = bySession ? sql`u.session` : sql`null::text`
  const { rows } = await sql<Group>`
    select u.agent, u.api_key, u.user_name, ${session} as session, u.flow, u.kind, u.model, u.tool, u.cost_source, count(*)::float8 as calls,
      sum(u.cost_micro_usd)::float8 as cost, ${tokens('input')} as input,
      ${tokens('output')} as output, ${tokens('cache_read')} as cache_read,
      ${tokens('cache_write')} as cache_write, sum(u.charged)::float8 as charged
    from (
      select usage.*, (
        select sum(c.amount) from budget_charges c where c.proxy = usage.proxy
          and c.seq = usage.seq and c.namespace = usage.namespace and c.budget = ${budget}
          and c.counter = ${counter} and c.window_start = ${window} and c.kind in ('lease', 'late')
      ) as charged from usage
    ) u
    where u.namespace = ${namespace} and ${from} and ${to} and ${of} and not exists (
      select from budget_charges c where c.proxy = u.proxy and c.seq = u.seq
        and c.namespace = u.namespace and c.budget = ${budget} and c.counter = ${counter}
        and c.window_start <> ${window})
    group by u.agent, u.api_key, u.user_name, ${bySession ? session : sql`u.kind`}, u.flow, u.kind, u.model, u.tool, u.cost_source, u.cost_micro_usd is null, u.charged is null`.execute(
    db,
  )
  return rows
}

function tokens(kind: 'input' | 'output' | 'cache_read' | 'cache_write') {
  return sql`coalesce(sum(${sql.ref(`u.${kind}_tokens`)}), 0)::float8`
}

function amountOf(budget: DefinedBudget, group: Group): number {
  const { calls, kind } = group
  const { unit } = budget.budget
  if (unit === 'calls') return calls
  if (kind === 'model' && unit === 'tokens') return group.input + group.output
  const { input, output, cost } = group
  const usage: Usage = {
    ...{ inputTokens: input, outputTokens: output },
    ...{ cacheReadTokens: group.cache_read, cacheWriteTokens: group.cache_write },
  }
  const amount = amountSpent(budget, spentOf({ ...group, usage, cost_micro_usd: cost }))
  if (kind === 'tool') return (amount ?? 0) * calls
  // Each call was rounded up by itself.
  return amount === null ? 0 : amount + (isEstimated(group) ? calls - 1 : 0)
}

function isEstimated({ cost_source }: Group): boolean {
  return cost_source !== 'provider' && cost_source !== 'catalogue'
}
