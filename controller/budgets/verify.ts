import { type Kysely, sql } from 'kysely'
import type { Database } from '../store/database.ts'

/** Something in the store that must not be; what it is about, and the two numbers that differ. */
export interface BudgetFlaw {
  readonly flaw: 'spent_is_not_charged' | 'leased_is_not_held' | 'settled_is_not_charged'
  /** The counter, as namespace, budget, counter and window; or the lease. */
  readonly of: string
  readonly kept: number
  readonly counted: number
}

/**
 * Counts everything again: what each counter has spent is what was charged to it, what it has leased is what its leases
 * hold, and what each lease has settled is what entries charged to it. Empty when the books balance.
 */
export async function verifyBudgets(db: Kysely<Database>): Promise<readonly BudgetFlaw[]> {
  const { rows } = await sql<BudgetFlaw>`
    with charged as (
      select namespace, budget, counter, window_start, sum(amount) as amount
      from budget_charges group by 1, 2, 3, 4
    ), held as (
      select namespace, budget, counter, window_start, sum(greatest(0, amount - settled)) as amount
      from budget_leases group by 1, 2, 3, 4
    ), settled as (
      select lease, sum(amount) as amount from budget_charges where kind = 'lease' group by 1
    )
    select 'spent_is_not_charged' as flaw,
      concat_ws(' ', namespace, budget, counter, window_start) as "of",
      coalesce(b.spent, 0)::float8 as kept, coalesce(c.amount, 0)::float8 as counted
    from charged c full join budget_counters b using (namespace, budget, counter, window_start)
    where coalesce(b.spent, 0) <> coalesce(c.amount, 0)
    union all
    select 'leased_is_not_held',
      concat_ws(' ', namespace, budget, counter, window_start),
      coalesce(b.leased, 0)::float8, coalesce(h.amount, 0)::float8
    from held h full join budget_counters b using (namespace, budget, counter, window_start)
    where coalesce(b.leased, 0) <> coalesce(h.amount, 0)
    union all
    select 'settled_is_not_charged', l.id, l.settled::float8, coalesce(s.amount, 0)::float8
    from budget_leases l left join settled s on s.lease = l.id
    where l.settled <> coalesce(s.amount, 0)`.execute(db)
  return rows
}
