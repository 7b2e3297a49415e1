import type { CallKind } from '../../schemas/call.ts'
import { type EntryIndex, entryIndex, speakers } from './entry-index.ts'
import type { Facts } from './facts.ts'
import type { LoadedEntry, LoadedPolicy } from './loaded-policy.ts'
import { stricter, type Verdict } from './verdict.ts'

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
  readonly remembered: Map<string, Map<string, SubjectPlans>>
  /** How many subjects and plans are remembered. */
  size: number
  /** Whose plans were asked for last. */
  latest: SubjectPlans | null
}

type SubjectPlans = Selected & {
  readonly agent: string
  readonly apiKey: string
  readonly plans: { readonly [K in CallKind]: Map<string, Map<string, CallPlan>> }
}

/** The policies that select a caller. */
interface Selected {
  readonly own: ReadonlySet<LoadedPolicy>
  readonly system: ReadonlySet<LoadedPolicy>
  readonly observers: readonly LoadedPolicy[]
  /** The strictest default of `own`; null when there is none. */
  readonly ownDefault: Verdict | null
}

/** Plans for nothing yet. */
export function callPlans(noPolicy: Verdict): CallPlans {
  return {
    noPolicy,
    policies: [],
    asking: new Set(),
    entries: {
      tool: entryIndex(),
      model: entryIndex(),
      resource: entryIndex(),
      prompt: entryIndex(),
    },
    remembered: new Map(),
    size: 0,
    latest: null,
  }
}

/** The plan for a call; remembered, within bounds, since agents choose names as they like. */
export function planFor(plans: CallPlans, facts: Facts): CallPlan {
  const { agent, apiKey } = facts.subject
  const { name, server } = targetOf(facts)
  const known = recalled(plans, agent, apiKey)?.plans[facts.kind].get(name)?.get(server)
  if (known !== undefined) return known
  return agent.length + apiKey.length + name.length + server.length > longest
    ? makePlan(plans, selected(plans, facts), facts)
    : remember(plans, facts)
}

/** Agents call in bursts: the caller of last time is not looked up. */
function recalled(plans: CallPlans, agent: string, apiKey: string): SubjectPlans | undefined {
  const { latest } = plans
  if (latest?.agent === agent && latest.apiKey === apiKey) return latest
  const found = plans.remembered.get(agent)?.get(apiKey)
  if (found !== undefined) plans.latest = found
  return found
}

/** The policies that select the caller, with the entry of each that speaks, in the order of names. */
export function concerned(plans: CallPlans, facts: Facts): readonly Observer[] {
  const { name, server } = targetOf(facts)
  const speaking = speakers(plans.entries[facts.kind], name, server)
  return plans.policies
    .filter(policy => policy.selects(facts.subject))
    .map(policy => ({ policy, entry: speaking.get(policy) ?? null }))
}

/** When this many subjects and plans are remembered, all are forgotten. */
const most = 8192

/** Names longer than this are not remembered. */
const longest = 256

function remember(plans: CallPlans, facts: Facts): CallPlan {
  if (plans.size >= most) {
    plans.remembered.clear()
    plans.size = 0
    plans.latest = null
  }
  const { name, server } = targetOf(facts)
  const { agent, apiKey } = facts.subject
  const keys = computed(plans, plans.remembered, agent, () => new Map<string, SubjectPlans>())
  const subject = computed(plans, keys, apiKey, () => ({
    ...selected(plans, facts),
    agent,
    apiKey,
    plans: { tool: new Map(), model: new Map(), resource: new Map(), prompt: new Map() },
  }))
  const names = subject.plans[facts.kind]
  const servers = computed(plans, names, name, () => new Map<string, CallPlan>())
  return computed(plans, servers, server, () => makePlan(plans, subject, facts))
}

function computed<V>(plans: CallPlans, map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const value = make()
  map.set(key, value)
  plans.size++
  return value
}

function selected({ policies }: CallPlans, { subject }: Facts): Selected {
  const selecting = policies.filter(policy => policy.selects(subject))
  const enforced = selecting.filter(({ source }) => source.mode === 'enforce')
  const own = enforced.filter(({ source }) => source.system !== true)
  // Alone, policies of the system namespace would decide where nobody let the caller in.
  const system = own.length === 0 ? [] : enforced.filter(({ source }) => source.system === true)
  return {
    own: new Set(own),
    system: new Set(system),
    observers: selecting.filter(({ source }) => source.mode === 'observe'),
    ownDefault: strictestDefault(null, own),
  }
}

function makePlan(plans: CallPlans, selected: Selected, facts: Facts): CallPlan {
  const { own, system, observers, ownDefault } = selected
  const { name, server } = targetOf(facts)
  const speaking = speakers(plans.entries[facts.kind], name, server)
  const entries = [...speaking.values()].sort((a, b) => a.policy.order - b.policy.order)
  const quiet = [...system].filter(policy => !speaking.has(policy))
  return {
    own: entries.filter(({ policy }) => own.has(policy)),
    system: entries.filter(({ policy }) => system.has(policy)),
    silent: strictestDefault(ownDefault, quiet) ?? plans.noPolicy,
    observers: observers.map(policy => ({ policy, entry: speaking.get(policy) ?? null })),
  }
}

function strictestDefault(
  start: Verdict | null,
  policies: readonly LoadedPolicy[],
): Verdict | null {
  return policies.reduce((strictest, { unmatched }) => stricter(strictest, unmatched), start)
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
