import { ProxyOwners } from '../proxy-owners.ts'
import { type ApprovalProxyRoutesNeeds, approvalProxyRoutes } from './approval-proxy-routes.ts'
import { type BudgetProxyRoutesNeeds, budgetProxyRoutes } from './budget-proxy-routes.ts'
import { podSpeech } from './pod-speech.ts'
import { type ProxyRoutesNeeds, proxyRoutes } from './proxy-routes.ts'
import type { Route } from './route.ts'
import { type RuntimeTokenRoutesNeeds, runtimeTokenRoutes } from './runtime-token-routes.ts'
import { type TableRoutesNeeds, tableRoutes } from './table-routes.ts'

/** Found here: whose the names of proxies are, and who speaks as which agent. */
type Found = 'owners' | 'speech'

export type DataPlaneRoutesNeeds = TableRoutesNeeds &
  RuntimeTokenRoutesNeeds &
  Omit<ProxyRoutesNeeds & ApprovalProxyRoutesNeeds & BudgetProxyRoutesNeeds, Found>

/** Everything that proxies follow, hand in and ask; a proxy of a namespace is kept to it. */
export function dataPlaneRoutes(needs: DataPlaneRoutesNeeds): readonly Route[] {
  const owners = new ProxyOwners(needs)
  const speech = podSpeech(needs.releases)
  return [
    ...tableRoutes(needs),
    ...runtimeTokenRoutes(needs),
    ...proxyRoutes({ ...needs, owners }),
    ...approvalProxyRoutes({ ...needs, owners, speech }),
    ...budgetProxyRoutes({ ...needs, owners }),
  ]
}
