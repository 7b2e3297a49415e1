import canonicalize from 'canonicalize'
import type { Directory } from '../../schemas/directory.ts'
import type { Plans } from '../../schemas/plan.ts'
import type { Answer } from '../compile/compiler.ts'
import type { StateText } from '../compile/plan-question.ts'
import { emptyDirectory } from '../publish/empty-table.ts'
import type { Releases } from '../publish/releases.ts'
import type { WrittenPolicies } from './written-policies.ts'

export interface PlanForNeeds {
  readonly written: Pick<WrittenPolicies, 'plan'>
  readonly releases: Pick<Releases, 'current' | 'body' | 'directories'>
}

/** What would change for agents if what was compiled came into force. */
export async function planFor(
  { written, releases }: PlanForNeeds,
  { tables, directories }: Answer,
  signal: AbortSignal,
): Promise<Plans> {
  const people = new Map(directories.map(one => [one.namespace, canonical(one)]))
  const after = (tables ?? []).map(([namespace, { json }]) => ({
    table: json,
    directory: people.get(namespace) ?? emptyDirectory(namespace),
  }))
  return written.plan({ before: await statesInForce(releases), after }, signal)
}

async function statesInForce(releases: PlanForNeeds['releases']): Promise<readonly StateText[]> {
  const states: StateText[] = []
  for (const { namespace, digest } of releases.current()) {
    const table = await releases.body(digest)
    if (table === null) continue
    const directory = releases.directories.of(namespace) ?? emptyDirectory(namespace)
    states.push({ table, directory })
  }
  return states
}

/** As it would be kept: the order of keys says nothing. */
function canonical(directory: Directory): Directory {
  return JSON.parse(canonicalize(directory) ?? '')
}
