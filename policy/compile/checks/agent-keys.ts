import type { Problem } from '../../../schemas/problem.ts'
import { ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'

/** Keys that would identify two callers, and names that two keys of one agent have. */
export function* agentKeys({ resources }: World): Iterable<Problem> {
  const holders = new Map<string, string>()
  for (const { name: agent, namespace, spec, origin } of ofKind(resources, 'Agent')) {
    const names = new Set<string>()
    for (const [i, { name, sha256 }] of (spec.apiKeys ?? []).entries()) {
      const holder = holders.get(sha256)
      if (holder !== undefined) {
        yield problemAt(origin, ['spec', 'apiKeys', i, 'sha256'], shared(holder))
      }
      if (names.has(name)) yield problemAt(origin, ['spec', 'apiKeys', i, 'name'], again(name))
      holders.set(sha256, `key "${name}" of ${namespace}/${agent}`)
      names.add(name)
      // What cannot be read is a problem already.
      holders.delete('')
      names.delete('')
    }
  }
}

function shared(holder: string) {
  return {
    severity: 'error',
    code: 'duplicate_key',
    message: `The same key is already ${holder}.`,
    suggestion: 'Create another with `writ keys create`.',
  } as const
}

function again(name: string) {
  return {
    severity: 'error',
    code: 'duplicate_name',
    message: `The agent has two keys named "${name}".`,
  } as const
}
