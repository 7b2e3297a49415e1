import type { RuleTable } from '../../schemas/rule-table.ts'

interface AgentKeysNeeds {
  current(): readonly { readonly namespace: string; readonly digest: string }[]
  /** The canonical text of a table, or null when it is not kept. */
  body(digest: string): Promise<string | null>
}

/** Names the agent, as `namespace/name`, whose key in a table in force has this SHA-256; null when none has. */
export type AgentOf = (sha256: string) => Promise<string | null>

/** Looks every table in force up once. */
export function agentKeys(releases: AgentKeysNeeds): AgentOf {
  let known = new Map<string, ReadonlyMap<string, string>>()
  return async sha256 => {
    const current = releases.current()
    const looked = new Map<string, ReadonlyMap<string, string>>()
    for (const { namespace, digest } of current) {
      const keys = known.get(digest) ?? keysOf(namespace, await releases.body(digest))
      looked.set(digest, keys)
    }
    known = looked
    const [agent] = [...looked.values()].flatMap(keys => keys.get(sha256) ?? [])
    return agent ?? null
  }
}

function keysOf(namespace: string, body: string | null): ReadonlyMap<string, string> {
  const { agents = [] } = JSON.parse(body ?? '{}') as Partial<RuleTable>
  return new Map(
    agents.flatMap(({ name, apiKeys }) =>
      apiKeys.map(({ sha256 }) => [sha256, `${namespace}/${name}`] as const),
    ),
  )
}
