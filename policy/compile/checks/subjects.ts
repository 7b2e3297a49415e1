import type { Problem } from '../../../schemas/problem.ts'
import { glob } from '../../decide/glob.ts'
import type { PolicyDraft } from '../policy-draft.ts'
import { inNamespace, mayHoldMore, ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'

/** Subjects that select no known agent or key, where any are known. */
export function* subjects(world: World): Iterable<Problem> {
  for (const draft of world.drafts) {
    if (draft.subjects === undefined) continue
    const everywhere = draft.namespace === world.systemNamespace
    const here = everywhere ? world.resources : inNamespace(world.byNamespace, draft.namespace)
    const agents = ofKind(here, 'Agent')
    const hidden = mayHoldMore(world.declared, 'Agent', draft.namespace)
    if (agents.length === 0 || hidden) continue
    const keys = agents.flatMap(({ spec }) => (spec.apiKeys ?? []).map(({ name }) => name))
    const names = agents.map(({ name }) => name)
    const keysKnown = agents.every(({ origin }) => !origin.unsure(['spec', 'apiKeys']))
    yield* unselecting(world, draft, { list: 'agents', noun: 'agent', names })
    if (keysKnown) {
      yield* unselecting(world, draft, { list: 'apiKeys', noun: 'API key', names: keys })
    }
  }
}

interface Known {
  readonly list: 'agents' | 'apiKeys'
  readonly noun: string
  readonly names: readonly string[]
}

function* unselecting(
  { hint }: World,
  { subjects, origin }: PolicyDraft,
  { list, noun, names }: Known,
): Iterable<Problem> {
  for (const [i, pattern] of (subjects?.[list] ?? []).entries()) {
    if (pattern === '' || names.includes('') || names.some(glob(pattern))) continue
    yield problemAt(origin, ['spec', 'subjects', list, i], {
      severity: 'warning',
      code: 'unknown_subject',
      message: `No known ${noun} matches "${pattern}".`,
      ...hint(pattern, names),
    })
  }
}
