import type { Problem } from '../../../schemas/problem.ts'
import { glob } from '../../decide/glob.ts'
import type { Hint } from '../nearest.ts'
import type { PolicyDraft } from '../policy-draft.ts'
import type { Resource } from '../resource.ts'
import { mayHoldMore, ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'

/** Models that two providers offer under one name, and entries that no known model matches. */
export function* models(world: World): Iterable<Problem> {
  const known = new Map<string, Set<string>>()
  for (const provider of ofKind(world.resources, 'ModelProvider')) {
    const names = known.get(provider.namespace) ?? new Set()
    known.set(provider.namespace, names)
    yield* collisions(provider, names)
  }
  const areKnown = modelsKnown(world)
  for (const draft of world.drafts) {
    const names = [...(known.get(draft.namespace) ?? [])]
    const outside = draft.namespace === world.systemNamespace
    if (names.length === 0 || outside || !areKnown(draft.namespace)) continue
    yield* unoffered(draft, names, world.hint)
  }
}

/**
 * Tells of a namespace whether it is known which models are offered in it, by which protocol and for which
 * price.
 */
export function modelsKnown({ resources, declared }: World): (namespace: string) => boolean {
  const unsure = ofKind(resources, 'ModelProvider')
    .filter(
      ({ origin }) => origin.unsure(['spec', 'models']) || origin.unsure(['spec', 'protocol']),
    )
    .map(({ namespace }) => namespace)
  const namespaces = new Set(unsure)
  return namespace =>
    !namespaces.has(namespace) && !mayHoldMore(declared, 'ModelProvider', namespace)
}

function* collisions(
  { spec, origin }: Resource<'ModelProvider'>,
  names: Set<string>,
): Iterable<Problem> {
  for (const [i, { name, aliases = [] }] of (spec.models ?? []).entries()) {
    for (const word of [name, ...aliases]) {
      if (word === '') continue
      if (names.has(word)) yield problemAt(origin, ['spec', 'models', i], taken(word))
      names.add(word)
    }
  }
}

function* unoffered(
  { entries, origin }: PolicyDraft,
  names: readonly string[],
  hint: Hint,
): Iterable<Problem> {
  for (const { match, path } of entries.model) {
    if (match === '' || names.some(glob(match))) continue
    yield problemAt(origin, [...path, 'name'], {
      severity: 'warning',
      code: 'unknown_model',
      message: `No known provider offers a model that "${match}" matches.`,
      ...hint(match, names),
    })
  }
}

function taken(name: string) {
  return {
    severity: 'error',
    code: 'model_collision',
    message: `The model name or alias "${name}" is used twice.`,
    suggestion: 'Give each model and alias a name of its own.',
  } as const
}
