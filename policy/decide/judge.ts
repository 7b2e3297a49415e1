import type { ConditionError } from './cel/plan.ts'
import type { Facts } from './facts.ts'
import { headOf, type LoadedEntry, type LoadedRule } from './loaded-policy.ts'
import { stricter, type Verdict, verdict } from './verdict.ts'

/** What an entry says to a call, a missing justification included; null when it abstains. */
export function judge(entry: LoadedEntry, facts: Facts): Verdict | null {
  if (!entry.source.enabled) return entry.disabled
  const ruled = byRules(entry, facts)
  if (entry.demand === null || facts.request.justification.trim() !== '') return ruled
  return stricter(ruled, entry.demand)
}

/** The verdict where a condition could not be evaluated: the policy's `onError`, with the cause. */
export function unjudged(
  { policy, onError }: LoadedEntry,
  { source }: LoadedRule,
  error: ConditionError,
): Verdict {
  return verdict(policy.context, policy.order, onError, {
    reason: 'condition_error',
    policy: headOf(policy).name,
    rule: source.name,
    message: `The condition of rule "${source.name}" could not be evaluated: ${error.message}: ${source.source}`,
    at: source.at,
  })
}

function byRules(entry: LoadedEntry, facts: Facts): Verdict | null {
  for (const rule of entry.rules) {
    if (rule.condition === null) return rule.matched
    const holds = rule.condition(facts)
    if (holds === true) return rule.matched
    if (holds !== false) return unjudged(entry, rule, holds)
  }
  return entry.otherwise
}
