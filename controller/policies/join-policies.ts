import { explanationRoutes } from '../api/explanation-routes.ts'
import { policyExportRoute } from '../api/policy-export-route.ts'
import { policyRoutes } from '../api/policy-routes.ts'
import { policyVersionRoutes } from '../api/policy-version-routes.ts'
import type { Route } from '../api/route.ts'
import { ruleRoutes } from '../api/rule-routes.ts'
import { serverRoutes } from '../api/server-routes.ts'
import type { ControllerOptions } from '../controller.ts'
import type { Proxies } from '../proxies.ts'
import type { Releases } from '../publish/releases.ts'
import type { Policies } from '../reconcile/local-policies.ts'
import type { Store } from '../store/open-store.ts'
import { boundedCompiler } from './bounded-compiler.ts'
import { openWritten } from './open-written.ts'

export interface JoinPoliciesNeeds {
  readonly options: ControllerOptions & Required<Pick<ControllerOptions, 'now'>>
  readonly db: Store['db']
  readonly releases: Releases
  readonly proxies: Proxies
  readonly policies: Pick<Policies, 'git' | 'compileWith'>
}

/** The routes by which people and programs look at policies and propose others. */
export function joinPolicies(needs: JoinPoliciesNeeds): {
  readonly routes: readonly Route[]
  readonly close: () => Promise<void>
} {
  const { options, db, releases, proxies, policies } = needs
  const { dataFolder, now, kubernetes, source = '.', secrets = async () => null } = options
  const compiler = boundedCompiler()
  const written = openWritten({
    ...{ policies, compiler, dataFolder, secrets, now },
    source: kubernetes === undefined ? source : undefined,
  })
  return {
    routes: [
      ...policyRoutes({ written, releases }),
      policyExportRoute({ db, releases, offered: () => proxies.offered() }),
      ...policyVersionRoutes({ db, written, releases }),
      ...serverRoutes({ releases, proxies }),
      ...ruleRoutes({ releases }),
      ...explanationRoutes({ db, written }),
    ],
    close: () => compiler.close(),
  }
}
