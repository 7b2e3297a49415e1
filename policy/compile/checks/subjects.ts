import type { Problem } from '../../../schemas/problem.ts'
import { glob } from '../../decide/glob.ts'
import { meant } from '../nearest.ts'
import type { PolicyDraft } from '../policy-draft.ts'
import { ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'

/** Subjects that select no known agent or key, where any are known. */
export function* subjects({ drafts, resources, systemNamespace }: World): Iterable<Problem> {
  const agents = ofKind(resources, 'Agent')
  for (const draft of drafts) {
    const everywhere = draft.namespace === systemNamespace
    const here = agents.filter(({ namespace }) => everywhere || namespace === draft.namespace)
    if (here.length === 0) continue
    const keys = here.flatMap(({ spec }) => (spec.apiKeys ?? []).map(({ name }) => name))
    yield* unselecting(
      draft,
      'agents',
      here.map(({ name }) => name),
      'agent',
    )
    yield* unselecting(draft, 'apiKeys', keys, 'API key')
  }
}

function* unselecting(
  { subjects, origin }: PolicyDraft,
  list: 'agents' | 'apiKeys',
  known: readonly string[],
  noun: string,
): Iterable<Problem> {
  for (const [i, pattern] of (subjects?.[list] ?? []).entries()) {
    if (known.some(glob(pattern))) continue
    yield problemAt(origin, ['spec', 'subjects', list, i], {
      severity: 'warning',
      code: 'unknown_subject',
      message: `No known ${noun} matches "${pattern}".`,
      ...meant(pattern, known),
    })
  }
}
