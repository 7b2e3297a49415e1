import type { Problem } from '../../../schemas/problem.ts'
import type { Origin } from '../resource.ts'
import type { World } from '../world.ts'
import { problemAt } from './check.ts'

/** A name that two resources of one kind have in one namespace. */
export function* duplicates({ resources, drafts }: World): Iterable<Problem> {
  const first = new Map<string, Origin>()
  const policies = drafts.filter(({ portable }) => portable)
  const named = [...resources, ...policies.map(draft => ({ ...draft, kind: 'AccessPolicy' }))]
  for (const { kind, namespace, name, origin } of named) {
    if (name === '' || namespace === '') continue
    const key = `${kind} ${namespace} ${name}`
    const known = first.get(key)
    if (known === undefined) {
      first.set(key, origin)
      continue
    }
    const { file, line } = known.place(['metadata', 'name'])
    yield problemAt(origin, ['metadata', 'name'], {
      severity: 'error',
      code: 'duplicate_name',
      message: `${kind} "${name}" in namespace ${namespace} is already written at ${file}:${line}.`,
      suggestion: 'Rename one of them.',
    })
  }
}
