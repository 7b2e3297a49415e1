import type { CallKind } from '../../schemas/call-kind.ts'
import { type EntryIndex, entryIndex, speakers } from './entry-index.ts'
import type { Facts } from './facts.ts'
import { type LoadedEntry, type LoadedPolicy, selects } from './loaded-policy.ts'
import { type Selection, selecting, selectionOf, strictestDefault } from './selection.ts'
import { listOf } from './table-shape.ts'
import type { Verdict } from './verdict.ts'

/** Everything that is known about a call before its arguments are read. */
export interface CallPlan {
  /** The entries that speak, of the namespace's own enforcing policies; each adds its default to `silent`. */
  readonly own: readonly LoadedEntry[]
  /** The entries that speak, of enforcing policies of the system namespace. */
  readonly system: readonly LoadedEntry[]
  /** The verdict when every entry abstains, but for the defaults of policies in `system`. */
  readonly silent: Verdict
  readonly observers: readonly Observer[]
}

/** A policy in observe mode that selects the caller, with its entry that speaks, if any. */
export interface Observer {
  readonly policy: LoadedPolicy
  readonly entry: LoadedEntry | null
}

/** Policies and entries by whom and what they concern, and the plans made so far. */
export interface CallPlans {
  readonly policies: LoadedPolicy[]
  /** Policies of which some part, as it is written, asks people. */
  readonly asking: Set<LoadedPolicy>
  readonly entries: { readonly [K in CallKind]: EntryIndex }
  /** The verdict on callers that no enforcing policy of the namespace's own selects. */
  readonly noPolicy: Verdict
  /** By name of the agent; a link for each of its keys. */
  readonly callers: Map<string, CallerLink>
  readonly selections: Map<string, Selection>
  /** How many callers and plans are remembered. */
  size: number
}

/** A key of an agent, and its others. */
interface CallerLink {
  readonly apiKey: string
  readonly selection: Selection
  readonly next: CallerLink | undefined
}

/** Plans for nothing yet. */
export function callPlans(noPolicy: Verdict): CallPlans {
  return {
    noPolicy,
    policies: [],
    asking: new Set(),
    entries: {
      tool: entryIndex(listOf.tool),
      model: entryIndex(listOf.model),
      resource: entryIndex(listOf.resource),
      prompt: entryIndex(listOf.prompt),
    },
    callers: new Map(),
    selections: new Map(),
    size: 0,
  }
}

/** The plan for a call; remembered, within bounds, since agents choose names as they like. */
export function planFor(plans: CallPlans, facts: Facts): CallPlan {
  const { agent, apiKey } = facts.subject
  const { name, server } = targetOf(facts)
  let caller = plans.callers.get(agent)
  while (caller !== undefined && caller.apiKey !== apiKey) caller = caller.next
  if (caller === undefined) return newCaller(plans, facts)
  let link = caller.selection.plans[facts.kind].get(name)
  while (link !== undefined && link.server !== server) link = link.next
  return link?.plan ?? newPlan(plans, facts, caller.selection)
}

/** The policies that select the caller, with the entry of each that speaks, in the order of names. */
export function concerned(plans: CallPlans, facts: Facts): readonly Observer[] {
  const { name, server } = targetOf(facts)
  const speaking = speakers(plans.entries[facts.kind], name, server)
  return plans.policies
    .filter(policy => selects(policy, facts.subject))
    .map(policy => ({ policy, entry: speaking.get(policy) ?? null }))
}

/** When this many callers and plans are remembered, all are forgotten. */
const most = 8192

/** Names longer than this are not remembered. */
const longest = 256

/** Remembers a caller by the policies that select it. */
function newCaller(plans: CallPlans, facts: Facts): CallPlan {
  const { agent, apiKey } = facts.subject
  const { all, key } = selecting(plans.policies, facts.subject)
  if (agent.length + apiKey.length > longest) return makePlan(plans, selectionOf(all), facts)
  makeRoom(plans)
  const selection = plans.selections.get(key) ?? selectionOf(all)
  plans.selections.set(key, selection)
  plans.callers.set(agent, { apiKey, selection, next: plans.callers.get(agent) })
  plans.size++
  return planFor(plans, facts)
}

function newPlan(plans: CallPlans, facts: Facts, selection: Selection): CallPlan {
  const { name, server } = targetOf(facts)
  const plan = makePlan(plans, selection, facts)
  if (name.length + server.length > longest) return plan
  makeRoom(plans)
  const names = selection.plans[facts.kind]
  names.set(name, { server, plan, next: names.get(name) })
  plans.size++
  return plan
}

function makeRoom(plans: CallPlans): void {
  if (plans.size < most) return
  plans.callers.clear()
  plans.selections.clear()
  plans.size = 0
}

function makePlan(plans: CallPlans, selection: Selection, facts: Facts): CallPlan {
  const { system, observers, ownDefault } = selection
  const { name, server } = targetOf(facts)
  const speaking = speakers(plans.entries[facts.kind], name, server)
  const entries = [...speaking.values()]
    .filter(({ policy }) => policy.mode === 'enforce' && selects(policy, facts.subject))
    .sort((a, b) => a.policy.order - b.policy.order)
  const quiet = system.filter(policy => !speaking.has(policy))
  return {
    own: entries.filter(({ policy }) => !policy.system),
    system: ownDefault === null ? [] : entries.filter(({ policy }) => policy.system),
    silent: strictestDefault(ownDefault, quiet) ?? plans.noPolicy,
    observers: observers.map(policy => ({ policy, entry: speaking.get(policy) ?? null })),
  }
}

function targetOf(facts: Facts): { readonly name: string; readonly server: string } {
  switch (facts.kind) {
    case 'tool':
      return facts.tool
    case 'model':
      return { name: facts.model.name, server: facts.model.provider }
    case 'resource':
      return { name: facts.resource.uri, server: facts.resource.server }
    case 'prompt':
      return facts.prompt
  }
}
