import type { TableAgent } from '../../schemas/rule-table.ts'
import type { KeyIndex, KeyOwner } from './tables.ts'

/** Builds the key index of a namespace by a table with that digest, pausing after every 100 agents. An expiry that is no instant has passed. */
export function* indexingKeys(
  namespace: string,
  agents: readonly TableAgent[],
  table: string,
): Generator<undefined, KeyIndex> {
  const index = new Map<string, KeyOwner | null>()
  for (const [i, agent] of agents.entries()) {
    for (const { name, sha256, expires } of agent.apiKeys) {
      const owner: KeyOwner = {
        caller: { namespace, agent, apiKey: name, table },
        expires: expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(expires),
      }
      index.set(sha256, index.has(sha256) ? null : owner)
    }
    if (i % 100 === 99) yield
  }
  return index
}
