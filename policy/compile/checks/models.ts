import type { Problem } from '../../../schemas/problem.ts'
import { mayMeet } from '../globs-meet.ts'
import type { Hint } from '../nearest.ts'
import type { PolicyDraft } from '../policy-draft.ts'
import type { Resource } from '../resource.ts'
import { mayHoldMore, ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'

/** Models that cannot be told apart by name or order, and entries that no known model matches. */
export function* models(world: World): Iterable<Problem> {
  const known = new Map<string, Offers>()
  for (const provider of ofKind(world.resources, 'ModelProvider')) {
    const offers = known.get(provider.namespace) ?? new Map()
    known.set(provider.namespace, offers)
    yield* collisions(provider, offers)
  }
  const areKnown = modelsKnown(world)
  for (const draft of world.drafts) {
    const names = [...(known.get(draft.namespace)?.keys() ?? [])]
    const outside = draft.namespace === world.systemNamespace
    if (names.length === 0 || outside || !areKnown(draft.namespace)) continue
    yield* unoffered(draft, names, world.hint)
  }
}

/** Names and aliases, and the orders under which each is offered. */
type Offers = Map<string, Set<number>>

/**
 * Tells of a namespace whether it is known which models are offered in it, by which protocol and for which
 * price.
 */
export function modelsKnown({ resources, declared }: World): (namespace: string) => boolean {
  const unsure = ofKind(resources, 'ModelProvider')
    .filter(({ origin }) =>
      ['models', 'protocol', 'baseUrl'].some(key => origin.unsure(['spec', key])),
    )
    .map(({ namespace }) => namespace)
  const namespaces = new Set(unsure)
  return namespace =>
    !namespaces.has(namespace) && !mayHoldMore(declared, 'ModelProvider', namespace)
}

function* collisions(
  { name: provider, spec, origin }: Resource<'ModelProvider'>,
  offers: Offers,
): Iterable<Problem> {
  const own = new Set<string>()
  const models = (spec.models ?? []).map((model, i) => ({ ...model, path: ['spec', 'models', i] }))
  const sure = models.filter(({ path }) => !origin.unsure(path))
  for (const { name, aliases = [], order = 1, path } of sure) {
    for (const word of [name, ...aliases]) {
      const orders = offers.get(word) ?? new Set()
      if (own.has(word)) yield problemAt(origin, path, twice(word, provider))
      else if (orders.has(order)) yield problemAt(origin, path, taken(word, order))
      own.add(word)
      offers.set(word, orders.add(order))
    }
  }
}

function* unoffered(
  { entries, origin }: PolicyDraft,
  names: readonly string[],
  hint: Hint,
): Iterable<Problem> {
  for (const { match, path } of entries.model) {
    if (match === '' || names.some(name => mayMeet(name, match))) continue
    yield problemAt(origin, [...path, 'name'], {
      severity: 'warning',
      code: 'unknown_model',
      message: `No known provider offers a model that "${match}" matches.`,
      ...hint(match, names),
    })
  }
}

function twice(name: string, provider: string) {
  return {
    severity: 'error',
    code: 'model_collision',
    message: `The model name or alias "${name}" is used twice in "${provider}".`,
    suggestion: 'Give each model and alias of a provider a name of its own.',
  } as const
}

function taken(name: string, order: number) {
  return {
    severity: 'error',
    code: 'model_collision',
    message: `The model name or alias "${name}" is offered by another provider with order ${order} as well.`,
    suggestion: 'Give each an order of its own, or another name.',
  } as const
}
