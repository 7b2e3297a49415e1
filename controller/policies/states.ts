import canonicalize from 'canonicalize'
import { planAll } from '../../policy/plan/plan.ts'
import type { PolicyState } from '../../policy/plan/policy-state.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { Plans } from '../../schemas/plan.ts'
import type { Answer } from '../compile/compiler.ts'
import { emptyDirectory } from '../publish/empty-table.ts'
import type { Releases } from '../publish/releases.ts'

type InForce = Pick<Releases, 'current' | 'body' | 'directories'>

/** What is in force, by namespace. */
async function statesInForce(releases: InForce): Promise<ReadonlyMap<string, PolicyState>> {
  const states = new Map<string, PolicyState>()
  for (const { namespace, digest } of releases.current()) {
    const body = await releases.body(digest)
    if (body === null) continue
    const directory = releases.directories.of(namespace) ?? emptyDirectory(namespace)
    states.set(namespace, { table: JSON.parse(body), directory })
  }
  return states
}

/** What would change for agents if what was compiled came into force. */
export async function planFor(releases: InForce, { tables, directories }: Answer): Promise<Plans> {
  const people = new Map(directories.map(one => [one.namespace, canonical(one)]))
  const after = new Map<string, PolicyState>()
  for (const [namespace, { json }] of tables ?? []) {
    const directory = people.get(namespace) ?? emptyDirectory(namespace)
    after.set(namespace, { table: JSON.parse(json), directory })
  }
  return planAll(await statesInForce(releases), after)
}

/** As it would be kept: the order of keys says nothing. */
function canonical(directory: Directory): Directory {
  return JSON.parse(canonicalize(directory) ?? '')
}
