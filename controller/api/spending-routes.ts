import { type BudgetRoutesNeeds, budgetRoutes } from './budget-routes.ts'
import { type ModelRoutesNeeds, modelRoutes } from './model-routes.ts'
import type { Route } from './route.ts'
import { sessionRoutes } from './session-routes.ts'
import { type UsageRoutesNeeds, usageRoutes } from './usage-routes.ts'

type SpendingRoutesNeeds = UsageRoutesNeeds & ModelRoutesNeeds & Pick<BudgetRoutesNeeds, 'budgets'>

/** What people read about models and money. */
export function spendingRoutes(needs: SpendingRoutesNeeds): readonly Route[] {
  const namespaces = () =>
    needs.releases
      .current()
      .map(({ namespace }) => namespace)
      .sort()
  return [
    ...usageRoutes(needs),
    ...sessionRoutes(needs.db),
    ...budgetRoutes({ ...needs, namespaces }),
    ...modelRoutes(needs),
  ]
}
