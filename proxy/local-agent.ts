import { hash } from 'node:crypto'
import type { LoadedTable } from '../policy/decide/load.ts'
import { podKeyName, podKeyText } from '../schemas/pod-key.ts'
import type { ProxyIdentity } from '../schemas/proxy-identity.ts'
import type { Caller, Tables } from './mcp/needs.ts'

export interface LocalAgentNeeds {
  readonly tables: Tables
  /** The Agent as which whoever calls from this machine without a key calls. */
  readonly agent: string
  /** Who this proxy is; nobody calls without a key while it is in no pod. */
  readonly identity: () => ProxyIdentity | null
}

/**
 * Tables that also know who calls from the pod of this proxy without a key: the agent, if it is in force in the namespace
 * of the pod and names its service account, or none.
 */
export function withLocalAgent({ tables, agent, identity }: LocalAgentNeeds): Tables {
  let known: { readonly table: LoadedTable; readonly account: string; caller: Caller | null } | null
  known = null
  const local = (): { readonly keyHash: string; readonly caller: Caller } | null => {
    const { namespace = null, serviceAccount } = identity() ?? {}
    if (namespace === null || serviceAccount === undefined) return null
    const table = tables.current(namespace)
    if (table === null) return null
    if (known?.table !== table || known.account !== serviceAccount) {
      const caller = callerIn(table, namespace, { agent, serviceAccount })
      known = { table, account: serviceAccount, caller }
    }
    const { caller } = known
    return caller && { caller, keyHash: caller.agent.apiKeys[0]?.sha256 ?? '' }
  }
  return {
    caller(sha256, now) {
      const found = local()
      return found?.keyHash === sha256 ? found.caller : tables.caller(sha256, now)
    },
    local,
    learn: key => tables.learn?.(key) ?? null,
    current: namespace => tables.current(namespace),
    enforced: () => tables.enforced?.() ?? {},
    subscribe: listener => tables.subscribe(listener),
  }
}

/** The agent as the table has it, with what stands for its key as the only one. */
function callerIn(
  { table, digest }: LoadedTable,
  namespace: string,
  who: { readonly agent: string; readonly serviceAccount: string },
): Caller | null {
  const agent = table.agents.find(({ name }) => name === who.agent)
  if (agent === undefined) return null
  if (agent.serviceAccounts?.includes(who.serviceAccount) === false) return null
  const name = podKeyName(who.serviceAccount)
  const sha256 = hash('sha256', podKeyText(namespace, agent.name))
  return {
    namespace,
    agent: { ...agent, apiKeys: [{ name, sha256 }] },
    apiKey: name,
    table: digest,
  }
}
