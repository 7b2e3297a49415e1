import type { KnownTool } from '../../schemas/tool-server.ts'
import { glob } from '../decide/glob.ts'
import type { EntryDraft } from './policy-draft.ts'
import type { Resource } from './resource.ts'

/** What is known about the tools of a server. */
export interface KnownServer {
  readonly server: Resource<'ToolServer'>
  /** Null when nobody has seen its tools. */
  readonly tools: readonly VisibleTool[] | null
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
  catalog: ReadonlyMap<string, readonly KnownTool[]>,
): KnownTools {
  const known = new Map<string, KnownServer[]>()
  for (const server of servers) {
    const tools = catalog.get(`${server.namespace}/${server.name}`) ?? server.spec.tools
    const named = tools?.map(tool => ({ ...tool, name: `${server.spec.prefix ?? ''}${tool.name}` }))
    const list = known.get(server.namespace) ?? []
    known.set(server.namespace, [...list, { server, tools: named ?? null }])
  }
  return known
}

/** Every tool that an entry could be about; null unless all servers that could offer one are known. */
export function toolsFor(
  servers: readonly KnownServer[],
  { server, notServer }: EntryDraft,
): readonly VisibleTool[] | null {
  const offering = servers.filter(({ server: { name } }) =>
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
