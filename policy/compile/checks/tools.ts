import { builtinTools } from '../../../schemas/builtin-tool.ts'
import type { Problem } from '../../../schemas/problem.ts'
import { type KnownServer, matching, toolsFor } from '../known-tools.ts'
import type { Hint } from '../nearest.ts'
import { type EntryDraft, isAboutKnown, type PolicyDraft } from '../policy-draft.ts'
import type { World } from '../world.ts'
import { problemAt } from './check.ts'

/** Tools that no known server offers, and tools that two servers offer under one name. */
export function* tools({ drafts, tools, systemNamespace, hint }: World): Iterable<Problem> {
  for (const servers of tools.values()) yield* collisions(servers)
  for (const draft of drafts) {
    if (draft.namespace === systemNamespace) continue
    for (const entry of draft.entries.tool) {
      if (!isAboutKnown(draft, entry)) continue
      yield* unoffered(draft, entry, tools.get(draft.namespace) ?? [], hint)
    }
  }
}

function* collisions(servers: readonly KnownServer[]): Iterable<Problem> {
  const first = new Map<string, string>()
  for (const { name: server, tools, origin } of [...servers].sort(byName)) {
    for (const { name } of tools ?? []) {
      const other = first.get(name)
      first.set(name, other ?? server)
      const own = builtinTools.some(tool => tool === name)
      if (other === undefined && !own) continue
      yield problemAt(
        origin,
        ['metadata', 'name'],
        own ? taken(name, server) : shared(name, other, server),
      )
    }
  }
}

function shared(name: string, other: string | undefined, server: string) {
  return {
    severity: 'error',
    code: 'tool_collision',
    message: `The tool "${name}" is offered by "${other}" and by "${server}".`,
    suggestion: 'Give one of the servers a prefix.',
  } as const
}

/** No caller can reach it; that is no reason to keep other policies from coming into force. */
function taken(name: string, server: string) {
  return {
    severity: 'warning',
    code: 'tool_collision',
    message: `The tool "${name}" of "${server}" has the name of one of Writ's own, so nobody can call it.`,
    suggestion: 'Give the server a prefix.',
  } as const
}

function* unoffered(
  { origin }: PolicyDraft,
  entry: EntryDraft,
  servers: readonly KnownServer[],
  hint: Hint,
): Iterable<Problem> {
  const offered = entry.server === 'builtin' ? null : toolsFor(servers, entry)
  if (offered === null || matching(offered, entry).length > 0) return
  const names = offered.map(({ name }) => name)
  yield problemAt(origin, [...entry.path, 'name'], {
    severity: 'warning',
    code: 'unknown_tool',
    message: `No known server offers a tool that "${entry.match}" matches.`,
    ...hint(entry.match, names),
  })
}

function byName(a: KnownServer, b: KnownServer): number {
  return a.name < b.name ? -1 : 1
}
