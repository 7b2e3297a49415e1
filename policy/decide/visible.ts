import { planFor } from './call-plan.ts'
import type { Facts } from './facts.ts'
import type { LoadedTable } from './load.ts'
import { defaultOf, type LoadedEntry, type LoadedRule } from './loaded-policy.ts'
import type { Verdict } from './verdict.ts'

/**
 * Whether this caller could be allowed or asked about for some arguments, time and reason: what lists
 * may show. Never false for a call that `decide` would let through; exact where conditions are constant
 * or read only the caller.
 */
export function visible(table: LoadedTable, facts: Facts): boolean {
  const plan = planFor(table.plans, facts)
  const own = plan.own.map(entry => outlook(entry, facts))
  const system = plan.system.map(entry => outlook(entry, facts))
  if ([...own, ...system].some(({ passes, abstains }) => !passes && !abstains)) return false
  if (own.some(({ passes }) => passes)) return true
  return (
    lets(plan.silent) &&
    plan.system.every(({ policy }, i) => system[i]?.passes || lets(defaultOf(policy)))
  )
}

/** What an entry may say: let the call through or ask, or abstain. */
interface Outlook {
  readonly passes: boolean
  readonly abstains: boolean
}

function outlook(entry: LoadedEntry, facts: Facts): Outlook {
  if (!entry.source.enabled) return { passes: false, abstains: false }
  let passes = false
  for (const rule of entry.rules) {
    const holds = prospect(rule, facts)
    passes ||= holds !== false && holds !== 'error' && lets(rule.matched)
    passes ||= (holds === 'unknown' || holds === 'error') && entry.onError.action !== 'deny'
    if (holds === true || holds === 'error') return { passes, abstains: false }
  }
  if (entry.otherwise === null) return { passes, abstains: true }
  return { passes: passes || lets(entry.otherwise), abstains: false }
}

/** An error that is certain whatever the arguments are shows as false in `mayHold`. */
function prospect(rule: LoadedRule, facts: Facts): boolean | 'unknown' | 'error' {
  const holds = rule.mayHold(facts)
  if (holds !== false || rule.condition === null) return holds
  return rule.condition(facts) === false ? false : 'error'
}

function lets({ decision }: Verdict): boolean {
  return decision.action !== 'deny'
}
