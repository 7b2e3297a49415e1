import type { RuleTable } from '../schemas/rule-table.ts'
import { auditRoutes } from './api/audit-routes.ts'
import { coverageRoute } from './api/coverage-route.ts'
import type { Live } from './api/live/live.ts'
import { spendingRoutes } from './api/spending-routes.ts'
import { keepBudgets } from './budgets/keep-budgets.ts'
import { StoredBudgets } from './budgets/stored-budgets.ts'
import type { ControllerOptions } from './controller.ts'
import { keepCoverage } from './coverage/keep-coverage.ts'
import { Ledger } from './ledger/ledger.ts'
import { settleAll } from './ledger/settle-all.ts'
import type { Releases } from './publish/releases.ts'
import { keepRetention } from './retention/keep-retention.ts'
import type { Retention } from './retention/retention.ts'
import type { Store } from './store/open-store.ts'

type Settled = Pick<ControllerOptions, 'log' | 'retention'> &
  Required<Pick<ControllerOptions, 'now'>>

const forEver: Retention = { others: null, namespaces: new Map() }

/** The ledger with those who count what its entries say, and what people read of it. */
export function spendingParts(
  { now, log, retention = forEver }: Settled,
  { db }: Store,
  releases: Releases,
  live: Live,
) {
  const budgets = new StoredBudgets({
    db,
    now,
    onIncident: incident => log.warn({ ...incident }, 'charges of a proxy are out of order'),
  })
  const keeper = keepBudgets({
    budgets,
    onFailure: error => log.warn({ err: error }, 'budgets not looked after'),
  })
  const coverage = keepCoverage({
    ...{ db, now },
    onFailure: error => log.warn({ err: error }, 'coverage not looked after'),
  })
  const ledger = new Ledger(db, {
    ...{ onStored: live.activity, settling: settleAll([budgets, coverage]), now },
    onFlaws: (proxy, flaws) => {
      for (const flaw of flaws) log.warn({ proxy, ...flaw }, 'chain of a proxy does not fit')
    },
  })
  const keeping = keepRetention({
    ...{ db, retention, now },
    onDeleted: deleted => log.info({ ...deleted }, 'records deleted that are kept no longer'),
    onFailure: error => log.warn({ err: error }, 'retention of records not looked after'),
  })
  const routes = [
    ...auditRoutes(ledger),
    coverageRoute({ db, releases, now }),
    ...spendingRoutes({ db, now, budgets, releases }),
  ]
  const telling = { budgets, workflowOf: budgetWorkflows(releases) }
  return { ledger, telling, routes, services: [keeper, coverage.service, keeping] }
}

/** Looks workflows of budgets up in the tables in force. */
function budgetWorkflows(releases: Releases) {
  return async (namespace: string, budget: string) => {
    const release = releases.current().find(release => release.namespace === namespace)
    const body = release === undefined ? null : await releases.body(release.digest)
    const { budgets = [] } = body === null ? {} : (JSON.parse(body) as Partial<RuleTable>)
    return budgets.find(({ name }) => name === budget)?.workflow ?? ''
  }
}
