import type { BudgetState } from '../../schemas/budget-lease.ts'
import type { TableBudget } from '../../schemas/rule-table.ts'
import type { CounterRow } from './counter-rows.ts'

/** How a counter stands under the limit that is in force; without a budget nothing may be spent. */
export function stateOf(
  { extended, spent, leased, window_end }: CounterRow,
  budget: Pick<TableBudget, 'limit' | 'softLimit'> | null,
): BudgetState {
  return {
    limit: budget === null ? 0 : budget.limit + extended,
    extended,
    spent,
    reserved: leased,
    ...(budget?.softLimit !== undefined && { softLimit: budget.softLimit }),
    ...(window_end !== null && { resetsAt: window_end.toISOString() }),
  }
}

/** What can still be leased; negative when a limit was lowered or a provider charged more than it could. */
export function leftOf(
  { extended, spent, leased }: Pick<CounterRow, 'extended' | 'spent' | 'leased'>,
  { limit }: Pick<TableBudget, 'limit'>,
): number {
  return limit + extended - spent - leased
}
