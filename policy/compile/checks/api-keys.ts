import type { Problem } from '../../../schemas/problem.ts'
import { ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'

/** Keys that would identify two callers, of which one may be a person, and names that two keys of one holder have. */
export function* apiKeys({ resources }: World): Iterable<Problem> {
  const holders = new Map<string, string>()
  const all = [...ofKind(resources, 'Agent'), ...ofKind(resources, 'User')]
  for (const { kind, name: holder, namespace, spec, origin } of all) {
    const names = new Set<string>()
    for (const [i, { name, sha256 }] of (spec.apiKeys ?? []).entries()) {
      const first = holders.get(sha256)
      if (first !== undefined) {
        yield problemAt(origin, ['spec', 'apiKeys', i, 'sha256'], shared(first))
      }
      if (names.has(name)) {
        yield problemAt(origin, ['spec', 'apiKeys', i, 'name'], again(kind, name))
      }
      holders.set(sha256, `key "${name}" of ${namespace}/${holder}`)
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

function again(kind: 'Agent' | 'User', name: string) {
  return {
    severity: 'error',
    code: 'duplicate_name',
    message: `The ${kind === 'User' ? 'person' : 'agent'} has two keys named "${name}".`,
  } as const
}
