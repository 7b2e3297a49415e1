import type { Kysely } from 'kysely'
import type { RuleTable } from '../../schemas/rule-table.ts'
import { haltProxyRoutes } from '../api/halt-proxy-routes.ts'
import { haltRoutes } from '../api/halt-routes.ts'
import type { Route } from '../api/route.ts'
import type { StoredApprovals } from '../approvals/stored-approvals.ts'
import type { Proxies } from '../proxies.ts'
import type { Releases } from '../publish/releases.ts'
import type { SigningKey } from '../publish/signing-key.ts'
import type { Database } from '../store/database.ts'
import { StoredHalts } from './stored-halts.ts'

export interface JoinHaltsNeeds {
  readonly db: Kysely<Database>
  readonly key: SigningKey
  readonly releases: Releases
  readonly proxies: Proxies
  readonly approvals: Pick<StoredApprovals, 'settleClocks'>
  readonly onBeat: (beat: () => void) => () => void
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Halts with the routes by which people make them and proxies hear of them. */
export async function joinHalts(
  needs: JoinHaltsNeeds,
): Promise<{ readonly halts: StoredHalts; readonly routes: readonly Route[] }> {
  const { db, now, approvals, releases } = needs
  const halts = new StoredHalts({ db, now, settleClocks: () => approvals.settleClocks() })
  await halts.look()
  const { directories } = releases
  const knowsAgent = agentsIn(releases)
  return {
    halts,
    // What is at one address must come before what may be at any.
    routes: [
      ...haltProxyRoutes({ ...needs, halts }),
      ...haltRoutes({ ...needs, halts, directories, knowsAgent }),
    ],
  }
}

/** Whether an agent of the name is in force in the namespace, or in any (null). */
function agentsIn(releases: Releases) {
  return async (namespace: string | null, agent: string): Promise<boolean> => {
    for (const release of releases.current()) {
      if (namespace !== null && release.namespace !== namespace) continue
      const body = (await releases.body(release.digest)) ?? '{}'
      const { agents = [] } = JSON.parse(body) as Partial<RuleTable>
      if (agents.some(({ name }) => name === agent)) return true
    }
    return false
  }
}
