import type { TableEntry } from '../../schemas/rule-table.ts'
import { planFor } from './call-plan.ts'
import type { Facts } from './facts.ts'
import type { LoadedTable } from './load.ts'
import { defaultOf, type LoadedEntry, selects } from './loaded-policy.ts'
import type { Verdict } from './verdict.ts'

/** Whether people may be asked about a call of this caller, for some arguments; true where it is not certain. */
export function mayAsk({ plans }: LoadedTable, facts: Facts): boolean {
  const { own, system, silent } = planFor(plans, facts)
  if (asks(silent) || system.some(({ policy }) => asks(defaultOf(policy)))) return true
  return [...own, ...system].some(entry => entryAsks(entry, facts))
}

/** Whether a policy that selects this caller asks people about anything; true where it is not certain. */
export function asksAtAll({ plans }: LoadedTable, { subject }: Facts): boolean {
  if (plans.asking.size === 0) return false
  for (const policy of plans.asking) {
    if (policy.mode === 'enforce' && selects(policy, subject)) return true
  }
  return false
}

/** Whether an entry asks people about anything, as it is written. */
export function writtenToAsk({ rules, otherwise, onError }: TableEntry): boolean {
  const fallbacks = [otherwise, onError, ...rules]
  return fallbacks.some(fallback => fallback?.action === 'require_approval')
}

function entryAsks({ source, rules, otherwise, onError }: LoadedEntry, facts: Facts): boolean {
  if (!source.enabled) return false
  if (onError.action === 'require_approval' || (otherwise !== null && asks(otherwise))) return true
  return rules.some(rule => asks(rule.matched) && rule.mayHold(facts) !== false)
}

function asks({ decision }: Verdict): boolean {
  return decision.action === 'require_approval'
}
