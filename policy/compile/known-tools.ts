import { glob } from '../decide/glob.ts'
import type { EntryDraft } from './policy-draft.ts'
import type { Origin, Resource } from './resource.ts'
import { type Catalog, type Declared, mayHoldMore } from './world.ts'

/** What is known about the tools of a server. */
export interface KnownServer {
  readonly name: string
  /** Null when nobody has seen its tools. */
  readonly tools: readonly VisibleTool[] | null
  readonly origin: Origin
}

/** A tool under the name that clients see. */
export interface VisibleTool {
  readonly name: string
  readonly inputSchema?: unknown
}

/** The servers of each namespace. */
export type KnownTools = ReadonlyMap<string, readonly KnownServer[]>

/** Joins what servers are written down to offer with what proxies saw of them. */
export function knownTools(
  servers: readonly Resource<'ToolServer'>[],
  catalog: Catalog,
  declared: Declared,
): KnownTools {
  const known = new Map<string, KnownServer[]>()
  for (const { name, namespace, spec, origin } of servers) {
    const unsure =
      origin.unsure(['spec', 'tools']) ||
      origin.unsure(['spec', 'prefix']) ||
      mayHoldMore(declared, 'ToolServer', namespace)
    const tools = unsure ? undefined : (catalog.get(`${namespace}/${name}`) ?? spec.tools)
    const named = tools?.map(tool => ({ ...tool, name: `${spec.prefix ?? ''}${tool.name}` }))
    const list = known.get(namespace) ?? []
    known.set(namespace, [...list, { name, tools: named ?? null, origin }])
  }
  return known
}

/** Every tool that an entry could be about; null unless all servers that could offer one are known. */
export function toolsFor(
  servers: readonly KnownServer[],
  { server, notServer }: EntryDraft,
): readonly VisibleTool[] | null {
  const offering = servers.filter(({ name }) =>
    server === undefined ? name !== notServer : name === server,
  )
  const lists = offering.map(({ tools }) => tools)
  return lists.length > 0 && lists.every(list => list !== null) ? lists.flat() : null
}

/** The tools among those given that an entry's name matches. */
export function matching(
  tools: readonly VisibleTool[],
  { match }: EntryDraft,
): readonly VisibleTool[] {
  const matches = glob(match)
  return tools.filter(({ name }) => matches(name))
}
