import { matchesGlob } from '../../policy/decide/glob.ts'
import { strictness } from '../../schemas/action.ts'
import type { SilentWhy } from '../../schemas/coverage.ts'
import type { TablePolicy } from '../../schemas/rule-table.ts'
import type { RuleInForce } from './rules-in-force.ts'
import type { Counted, Decided, Firing, Use } from './use.ts'
import type { WrittenEntries, WrittenEntry } from './written-entries.ts'

/** What is known of a rule that decided nothing. */
export interface Silence {
  readonly why: SilentWhy
  /** Calls of what its entry matches. */
  readonly calls: number
  /** What decided most of them instead. */
  readonly by: string | null
}

/** What was counted, by the entries of a table that it concerns. */
export interface Evidence {
  readonly firings: ReadonlyMap<string, readonly Firing[]>
  readonly uses: ReadonlyMap<WrittenEntry, readonly Heard[]>
  /** Names of rules that several entries of one policy share. */
  readonly shared: ReadonlySet<string>
  /** Policies of which an entry itself says what holds where no rule of it does. */
  readonly decisive: ReadonlySet<string>
}

/** A use that an entry matches, and the entry of the same policy that speaks of it. */
interface Heard {
  readonly use: Use
  readonly speaker: WrittenEntry
}

/** Sorts what was counted by the entries of a table. */
export function evidenceFor(
  entries: WrittenEntries,
  rules: readonly RuleInForce[],
  { uses, firings }: Pick<Counted, 'uses' | 'firings'>,
): Evidence {
  const heard = new Map<WrittenEntry, Heard[]>()
  for (const use of uses) {
    const speakers = new Map<TablePolicy, WrittenEntry>()
    for (const { written, speaks } of entries.matches(use)) {
      if (speaks) speakers.set(written.policy, written)
      const list = heard.get(written) ?? []
      heard.set(written, list)
      list.push({ use, speaker: speakers.get(written.policy) ?? written })
    }
  }
  const named = Map.groupBy(rules, nameOf)
  return {
    firings: Map.groupBy(firings, firing => textOf(firing)),
    uses: heard,
    shared: new Set([...named].filter(([, some]) => some.length > 1).map(([name]) => name)),
    decisive: new Set(
      entries.all.flatMap(({ policy, entry }) => (entry.otherwise ? policy.name : [])),
    ),
  }
}

/** What is known of a rule since an instant, ms since 1970; null when it decided something. */
export function silenceOf(evidence: Evidence, rule: RuleInForce, since: number): Silence | null {
  const fired = evidence.firings.get(nameOf(rule)) ?? []
  const own = fired.filter(
    ({ observed, lastAt }) => observed === isObserved(rule) && lastAt >= since,
  )
  const was = (reason: string) =>
    own.some(fired => fired.reason === reason) && isOfEntry(evidence, rule, since, reason)
  if (was('rule')) return null
  const calls = sum(heardOf(evidence, rule, since).map(({ use }) => use))
  if (was('condition_error')) return { why: 'condition_error', calls, by: null }
  return { calls, ...whyOf(evidence, rule, since) }
}

type Why = Omit<Silence, 'calls'>

function whyOf(evidence: Evidence, rule: RuleInForce, since: number): Why {
  const never = whyNeverAsked(evidence, rule, since)
  if (never !== null) return never
  if (isObserved(rule)) return observedInstead(evidence, rule, since)
  const decisions = heardOf(evidence, rule, since)
    .filter(({ use, speaker }) => speaker === rule.written && mayBeSelected(rule, use))
    .flatMap(({ use }) => use.decisions)
    .filter(({ lastAt }) => lastAt >= since)
    // Policies of the system namespace are not heard where none of the namespace's own is about a caller.
    .filter(({ reason }) => rule.written.policy.system === true || !unselected.has(reason))
  return decidedInstead(evidence, rule, decisions)
}

/** Why a rule has nothing to do with any call since an instant, whatever its condition says; null when it may have. */
export function whyNeverAsked(evidence: Evidence, rule: RuleInForce, since: number): Why | null {
  const { written } = rule
  if (!written.entry.enabled) return { why: 'disabled', by: null }
  const heard = heardOf(evidence, rule, since)
  const [first] = heard
  if (first === undefined) return { why: 'never_called', by: null }
  const speaking = heard.filter(({ speaker }) => speaker === written)
  if (speaking.length === 0) return { why: 'earlier_entry', by: first.speaker.entry.match }
  if (!speaking.some(({ use }) => mayBeSelected(rule, use))) {
    return { why: 'other_callers', by: null }
  }
  const earlier = written.entry.rules.slice(0, rule.index).find(({ when }) => when === undefined)
  return earlier === undefined
    ? null
    : { why: 'earlier_rule', by: `${written.policy.name} / ${earlier.name}` }
}

function heardOf({ uses }: Evidence, { written }: RuleInForce, since: number): readonly Heard[] {
  return (uses.get(written) ?? []).filter(({ use }) => use.lastAt >= since)
}

/** Of policies in observe mode it is not known which calls their rules would have decided. */
function observedInstead({ firings }: Evidence, rule: RuleInForce, since: number): Why {
  const { policy, entry, kind } = rule.written
  const earlier = entry.rules.slice(0, rule.index).map(({ name }) => name)
  const before = [...earlier, ...(entry.justification === 'required' ? [''] : [])].find(name =>
    (firings.get(textOf({ kind, policy: policy.name, rule: name })) ?? []).some(
      ({ observed, lastAt, reason }) =>
        observed && lastAt >= since && (name !== '' || reason === 'justification_required'),
    ),
  )
  if (before !== undefined) {
    return {
      why: 'outweighed',
      by: before === '' ? 'justification_required' : `${policy.name} / ${before}`,
    }
  }
  return { why: rule.rule.when === undefined ? 'other_callers' : 'condition_false', by: null }
}

/** Decisions on callers whom no policy is about. */
const unselected: ReadonlySet<string> = new Set(['no_policy', 'no_table'])

function decidedInstead(evidence: Evidence, rule: RuleInForce, decisions: readonly Decided[]): Why {
  const hiding = decisions.filter(decided => hides(evidence, rule, decided))
  const [most] = hiding.toSorted((a, b) => b.calls - a.calls)
  if (hiding.length < decisions.length || most === undefined) {
    // What always holds and did not decide was never asked.
    const why = rule.rule.when === undefined ? 'other_callers' : 'condition_false'
    return { why: decisions.length === 0 ? 'other_callers' : why, by: null }
  }
  const own = most.policy === rule.written.policy.name && indexOf(rule, most) >= 0
  return { why: own ? 'earlier_rule' : 'outweighed', by: deciderText(most) }
}

/** Whether the rule may have held for a call that was decided so; false when it is certain that it did not. */
function hides({ decisive }: Evidence, rule: RuleInForce, decided: Decided): boolean {
  const { policy } = rule.written
  const index = indexOf(rule, decided)
  if (index >= 0) return index < rule.index
  if (decided.reason === 'unmatched') {
    // A default speaks where the namespace's own policies are silent, and that of a policy where it is.
    if (decided.policy === policy.name) return false
    if (policy.system !== true && !decisive.has(decided.policy)) return false
  }
  const more = strictness(decided.action) - strictness(rule.rule.action)
  if (more !== 0) return more > 0
  if (decided.reason !== 'rule') return !ofPolicies.has(decided.reason)
  return decided.policy <= policy.name
}

/** Reasons of policies, which are weaker than a rule of the same action; any other stands in the way of what they said. */
const ofPolicies: ReadonlySet<string> = new Set([
  ...['disabled', 'condition_error', 'justification_required', 'unmatched'],
])

/** Place of the rule that decided among those of the entry; -1 when it is none of them. */
function indexOf({ written: { policy, entry } }: RuleInForce, decided: Decided): number {
  if (decided.rule === '' || decided.policy !== policy.name) return -1
  return entry.rules.findIndex(({ name }) => name === decided.rule)
}

function deciderText({ policy, rule, reason }: Decided): string {
  return [policy, rule].filter(Boolean).join(' / ') || reason
}

/** Whether what a rule of this name decided was decided by this one. */
function isOfEntry(
  { shared, uses }: Evidence,
  rule: RuleInForce,
  since: number,
  reason: string,
): boolean {
  if (!shared.has(nameOf(rule)) || isObserved(rule)) return true
  return (uses.get(rule.written) ?? []).some(
    ({ use, speaker }) =>
      speaker === rule.written &&
      use.decisions.some(
        ({ policy, rule: name, reason: because, lastAt }) =>
          because === reason &&
          lastAt >= since &&
          policy === rule.written.policy.name &&
          name === rule.rule.name,
      ),
  )
}

/** Keys of callers are not counted, so a policy about keys may be about any of them. */
function mayBeSelected({ written }: RuleInForce, { agents, moreAgents }: Use): boolean {
  const globs = written.policy.subjects?.agents
  if (globs === undefined || moreAgents || agents.length === 0) return true
  return agents.some(agent => globs.some(glob => matchesGlob(glob, agent)))
}

function isObserved({ written }: RuleInForce): boolean {
  return written.policy.mode === 'observe'
}

function nameOf({ written: { policy, kind }, rule }: RuleInForce): string {
  return textOf({ kind, policy: policy.name, rule: rule.name })
}

function textOf({ kind, policy, rule }: Pick<Firing, 'kind' | 'policy' | 'rule'>): string {
  return JSON.stringify([kind, policy, rule])
}

function sum(uses: readonly Use[]): number {
  return uses.reduce((all, { calls }) => all + calls, 0)
}
