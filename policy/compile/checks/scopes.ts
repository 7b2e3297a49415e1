import { builtinTools } from '../../../schemas/builtin-tool.ts'
import type { Problem } from '../../../schemas/problem.ts'
import type { BudgetDimension } from '../../../schemas/rule-table.ts'
import { mayMeet } from '../globs-meet.ts'
import type { Hint } from '../nearest.ts'
import type { KindName, Resource } from '../resource.ts'
import { inNamespace, mayHoldMore, ofKind, type World } from '../world.ts'
import { problemAt } from './check.ts'
import { modelsKnown } from './models.ts'

/** Scopes of budgets that nothing known falls under, where anything of the sort is known. */
export function* scopes(world: World): Iterable<Problem> {
  const areModelsKnown = modelsKnown(world)
  for (const budget of ofKind(world.resources, 'Budget')) {
    if (budget.spec.scope === undefined) continue
    const known = knownIn(world, budget.namespace, areModelsKnown)
    for (const dimension of dimensions) {
      yield* unmatched(world.hint, budget, dimension, known[dimension] ?? [])
    }
  }
}

function* unmatched(
  hint: Hint,
  { spec, origin }: Resource<'Budget'>,
  dimension: BudgetDimension,
  names: readonly string[],
): Iterable<Problem> {
  if (names.length === 0 || names.includes('')) return
  for (const [i, pattern] of (spec.scope?.[dimension] ?? []).entries()) {
    if (pattern === '' || names.some(name => mayMeet(pattern, name))) continue
    yield problemAt(origin, ['spec', 'scope', dimension, i], {
      severity: 'warning',
      code: 'unknown_scope',
      message: `No known ${nouns[dimension]} matches "${pattern}".`,
      ...hint(pattern, names),
    })
  }
}

const nouns: Readonly<Record<BudgetDimension, string>> = {
  agents: 'agent',
  apiKeys: 'API key',
  users: 'user',
  teams: 'team',
  flows: 'flow',
  models: 'model',
  tools: 'tool',
}

const dimensions = Object.keys(nouns) as readonly BudgetDimension[]

/** Names in a namespace; null where there may be more than is known. */
function knownIn(
  world: World,
  namespace: string,
  areModelsKnown: (namespace: string) => boolean,
): Readonly<Record<BudgetDimension, readonly string[] | null>> {
  const here = inNamespace(world.byNamespace, namespace)
  const agents = ofKind(here, 'Agent')
  const all = (kind: KindName) => !mayHoldMore(world.declared, kind, namespace)
  const sure = (key: string) =>
    all('Agent') && agents.every(({ origin }) => !origin.unsure(['spec', key]))
  return {
    agents: all('Agent') ? agents.map(nameOf) : null,
    apiKeys: sure('apiKeys')
      ? agents.flatMap(({ spec }) => (spec.apiKeys ?? []).map(nameOf))
      : null,
    users: all('User') ? ofKind(here, 'User').map(nameOf) : null,
    teams: all('Team') ? ofKind(here, 'Team').map(nameOf) : null,
    flows: sure('labels')
      ? agents.flatMap(({ spec }) => spec.labels?.['writ.dev/flow'] ?? [])
      : null,
    models: areModelsKnown(namespace) ? offered(ofKind(here, 'ModelProvider')) : null,
    tools: toolsIn(world, namespace),
  }
}

function offered(providers: readonly Resource<'ModelProvider'>[]): readonly string[] {
  return providers
    .flatMap(({ spec }) => spec.models ?? [])
    .flatMap(({ name, aliases = [] }) => [name, ...aliases])
}

function toolsIn({ tools }: World, namespace: string): readonly string[] | null {
  const lists = (tools.get(namespace) ?? []).map(server => server.tools)
  const known = lists.length > 0 && lists.every(list => list !== null)
  return known ? [...lists.flat().map(nameOf), ...builtinTools] : null
}

function nameOf({ name }: { readonly name: string }): string {
  return name
}
