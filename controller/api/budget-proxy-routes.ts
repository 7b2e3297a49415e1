import {
  BudgetLeaseAnswer,
  BudgetLeaseRenewal,
  BudgetLeaseRenewed,
  BudgetLeaseRequest,
  BudgetRun,
} from '../../schemas/budget-lease.ts'
import type { StoredBudgets } from '../budgets/stored-budgets.ts'
import type { ProxyOwners } from '../proxy-owners.ts'
import { declare } from './declare.ts'
import { expectInScope, expectProxy } from './proxy-scope.ts'
import type { Route } from './route.ts'

const path = '/api/v1/budgets'
const mostBytes = 4 * 1024 * 1024

export interface BudgetProxyRoutesNeeds {
  readonly budgets: Pick<StoredBudgets, 'grant' | 'renew' | 'started'>
  readonly owners: ProxyOwners
}

/** What proxies ask and say about budgets. */
export function budgetProxyRoutes({ budgets, owners }: BudgetProxyRoutesNeeds): readonly Route[] {
  return [
    declare({
      method: 'post',
      path: `${path}/leases`,
      roles: ['proxy'],
      summary: 'Asks for a part of what is left of a budget.',
      body: { schema: BudgetLeaseRequest, mostBytes },
      answers: { 200: { description: 'The lease, if there is one.', schema: BudgetLeaseAnswer } },
      handle: async ({ body, caller }, response) => {
        expectInScope(caller, [body.namespace])
        await expectProxy(owners, caller, body.proxy)
        response.json(await budgets.grant(body))
      },
    }),
    declare({
      method: 'post',
      path: `${path}/leases/renewals`,
      roles: ['proxy'],
      summary: 'Renews leases, shrinks them, or gives them back.',
      body: { schema: BudgetLeaseRenewal, mostBytes },
      answers: { 200: { description: 'How they stand.', schema: BudgetLeaseRenewed } },
      handle: async ({ body, caller }, response) => {
        // A proxy has leases of no other namespace than its own.
        await expectProxy(owners, caller, body.proxy)
        response.json(await budgets.renew(body))
      },
    }),
    declare({
      method: 'post',
      path: `${path}/runs`,
      roles: ['proxy'],
      summary: 'Says that a proxy has started anew, before it asks for leases.',
      body: { schema: BudgetRun, mostBytes },
      answers: { 204: { description: 'It is noted.' } },
      handle: async ({ body, caller }, response) => {
        await expectProxy(owners, caller, body.proxy)
        await budgets.started(body)
        response.status(204).end()
      },
    }),
  ]
}
