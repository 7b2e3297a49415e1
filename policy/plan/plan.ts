import canonicalize from 'canonicalize'
import type { Call } from '../../schemas/call.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { Narrows, Plan, PlanChange, PlanEffect, Plans } from '../../schemas/plan.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import { type LoadedTable, load } from '../decide/load.ts'
import { noPolicies } from '../decide/no-policies.ts'
import type { Known } from './case-calls.ts'
import { decisionChanges } from './decision-changes.ts'
import { compareDecisions, type Decisions } from './decisions.ts'
import type { PolicyState } from './policy-state.ts'
import { writtenChanges } from './written-changes.ts'

export type { PolicyState } from './policy-state.ts'

/** What helps the search for examples. */
export interface PlanHints {
  /** Calls that were made or may be; they are tried first, the first thousand of a namespace. */
  readonly calls?: readonly Call[]
}

/** The plans of all namespaces of either side. Pure, and bounded in work. */
export function planAll(
  before: ReadonlyMap<string, PolicyState>,
  after: ReadonlyMap<string, PolicyState>,
  hints: PlanHints = {},
): Plans {
  const namespaces = [...new Set([...before.keys(), ...after.keys()])].sort()
  const plans = namespaces.map(name =>
    plan(before.get(name) ?? null, after.get(name) ?? null, hints),
  )
  return { narrows: weakest(plans.map(({ narrows }) => narrows)), plans }
}

/** What changes in a namespace; null stands for a state in which there is nothing of it. Pure, and bounded in work. */
export function plan(
  before: PolicyState | null,
  after: PolicyState | null,
  hints: PlanHints = {},
): Plan {
  const namespace = (after ?? before)?.table.namespace ?? ''
  const [was, is] = [readied(before, namespace), readied(after, namespace)]
  const decisions = compareDecisions(was.table, is.table, { left: mostWork })
  const changes = [...decided(decisions, was, is, hints), ...writtenChanges(was, is)]
  const gaveUp = decisions.unsure.some(({ why }) => why === 'too_much')
  return {
    namespace,
    before: before === null ? '' : was.loaded.digest,
    after: after === null ? '' : is.loaded.digest,
    narrows: weakest(changes.map(({ effect }) => claims[effect])),
    ...(gaveUp && { gaveUp }),
    changes: changes.sort((a, b) => order.indexOf(a.effect) - order.indexOf(b.effect)),
  }
}

/** A state whose equal parts are equal texts, whoever wrote them, and its table made ready. */
interface Ready extends PolicyState {
  readonly loaded: LoadedTable
}

function readied(state: PolicyState | null, namespace: string): Ready {
  const { table, directory } = state ?? nothing(namespace)
  const json = canonicalize(table) as string
  return {
    table: JSON.parse(json),
    directory: JSON.parse(canonicalize(directory) as string),
    loaded: load(json),
  }
}

/** Work that is done to compare two tables, and to find examples. */
const mostWork = 6_000_000
const mostTries = 200_000

/** Calls of a namespace that are tried. */
const mostCalls = 1000

const order: readonly PlanEffect[] = ['widening', 'either', 'narrowing', 'neutral']

const claims: Readonly<Record<PlanEffect, Narrows>> = {
  widening: 'unproven',
  either: 'unproven',
  narrowing: 'proved',
  neutral: 'neutral',
}

/** What can be said of all where this can be said of each. */
function weakest(claims: readonly Narrows[]): Narrows {
  const weak = (['unproven', 'proved'] as const).find(claim => claims.includes(claim))
  return weak ?? 'neutral'
}

function decided(
  decisions: Decisions,
  before: Ready,
  after: Ready,
  hints: PlanHints,
): readonly PlanChange[] {
  const tables = { before: before.table, after: after.table }
  return decisionChanges(decisions, tables, {
    before: before.loaded,
    after: after.loaded,
    known: knownOf(tables.before, tables.after, hints),
    conditions: new WeakMap(),
    fuel: { left: mostTries },
  })
}

function knownOf(before: RuleTable, after: RuleTable, { calls = [] }: PlanHints): Known {
  const { namespace } = after
  return {
    namespace,
    agents: [...after.agents, ...before.agents],
    servers: [...after.servers, ...before.servers],
    models: [...after.providers, ...before.providers].flatMap(({ models }) =>
      models.flatMap(({ name, aliases }) => [name, ...aliases]),
    ),
    calls: calls
      .filter(({ subject }) => (subject?.namespace ?? namespace) === namespace)
      .slice(0, mostCalls),
  }
}

/** A namespace in which there is nothing. */
function nothing(namespace: string): PolicyState {
  const table = noPolicies(namespace)
  const directory: Directory = {
    namespace,
    table: '',
    users: [],
    teams: [],
    workflows: [],
    channels: [],
    providers: [],
  }
  return { table, directory }
}
