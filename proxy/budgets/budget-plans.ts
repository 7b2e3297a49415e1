import type { LoadedTable } from '../../policy/decide/load.ts'
import { type PlannedBudget, planBudgets } from '../../policy/spend/spend-plan.ts'
import type { TableBudget } from '../../schemas/rule-table.ts'

/** The budgets of a table made ready, or the one that cannot be: this runtime may not know its time zone. */
export type BudgetPlan =
  | { readonly planned: readonly PlannedBudget[] }
  | { readonly unusable: TableBudget }

/** Makes the budgets of every table ready once. */
export class BudgetPlans {
  readonly #byTable = new WeakMap<LoadedTable, BudgetPlan>()

  of(table: LoadedTable): BudgetPlan {
    const known = this.#byTable.get(table)
    if (known !== undefined) return known
    const plan = planOf(table.table.budgets)
    this.#byTable.set(table, plan)
    return plan
  }
}

function planOf(budgets: readonly TableBudget[]): BudgetPlan {
  const planned: PlannedBudget[] = []
  for (const budget of budgets) {
    try {
      planned.push(...planBudgets([budget]))
    } catch (error) {
      if (error instanceof RangeError) return { unusable: budget }
      throw error
    }
  }
  return { planned }
}
