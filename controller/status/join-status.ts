import type { Route } from '../api/route.ts'
import { statusRoutes } from '../api/status-routes.ts'
import type { BudgetBook } from '../budgets/budget-book.ts'
import type { MetricsJson } from '../controller.ts'
import { controllerMetrics } from '../telemetry/controller-metrics.ts'
import { readStatus, type StatusNeeds } from './read-status.ts'

export interface JoinStatusNeeds extends StatusNeeds {
  readonly options: StatusNeeds['options'] & {
    readonly addMetrics?: (source: () => Promise<MetricsJson>) => void
  }
  readonly budgets: Pick<BudgetBook, 'counters'>
}

/**
 * How the controller is, for all who ask, and for those who are told its metrics. `notReady` says what the controller waits
 * for; null once it can do its work.
 */
export function joinStatus(
  needs: JoinStatusNeeds,
  notReady: () => Promise<string | null>,
): readonly Route[] {
  const { options, store, budgets, releases } = needs
  const status = () => readStatus(needs)
  const namespaces = () => releases.current().map(({ namespace }) => namespace)
  const { now } = options
  const metrics = controllerMetrics({ status, db: store.db, budgets, namespaces, now })
  options.addMetrics?.(async () => (await metrics()).getMetricsAsJSON())
  return statusRoutes({ status, metrics, notReady })
}
