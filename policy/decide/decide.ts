import type { Decision, Observed } from '../../schemas/decision.ts'
import { type CallPlan, type Observer, planFor } from './call-plan.ts'
import type { Facts } from './facts.ts'
import { judge } from './judge.ts'
import type { LoadedTable } from './load.ts'
import { defaultOf, headOf } from './loaded-policy.ts'
import { stricter, type Verdict } from './verdict.ts'

/** The verdict on a call while there is no table to judge it by. */
export const noTable: Decision = Object.freeze({
  action: 'deny',
  reason: 'no_table',
  message: 'No policy has been loaded yet, so nothing is allowed.',
  observed: Object.freeze([]),
  table: '',
})

/**
 * The verdict of a table on a call. Total: every call has one and nothing throws. The strictest
 * policy that selects the caller wins; what nothing allows is denied.
 */
export function decide(table: LoadedTable, facts: Facts): Decision {
  const plan = planFor(table.plans, facts)
  const { decision } = verdictOf(plan, facts)
  if (plan.observers.length === 0) return decision
  return { ...decision, observed: plan.observers.map(observer => observe(observer, facts)) }
}

function verdictOf(plan: CallPlan, facts: Facts): Verdict {
  let own: Verdict | null = null
  for (const entry of plan.own) own = stricter(own, judge(entry, facts))
  let verdict = own ?? plan.silent
  for (const entry of plan.system) {
    const spoken = judge(entry, facts)
    verdict = stricter(verdict, spoken ?? (own === null ? defaultOf(entry.policy) : null))
  }
  return verdict
}

function observe({ policy, entry }: Observer, facts: Facts): Observed {
  const { decision } = (entry && judge(entry, facts)) ?? defaultOf(policy)
  const { action, reason, rule } = decision
  return { policy: headOf(policy).name, action, reason, ...(rule === undefined ? {} : { rule }) }
}
