import { type Action, strictness } from '../../schemas/action.ts'
import type { Reason } from '../../schemas/decision.ts'
import type { At, Fallback, TableRule } from '../../schemas/rule-table.ts'

/** What a policy, or all of them together, says to a call. */
export interface Outcome {
  readonly action: Action
  /** Whom it asks, where it asks; an empty name stands for the owners. */
  readonly workflows: readonly string[]
  readonly reason: Reason
  readonly policy?: string
  readonly rule?: TableRule
  readonly at?: At
}

/** What an action comes to on the grounds given. */
export function outcome(
  { action, workflows }: Fallback,
  grounds: Omit<Outcome, 'action' | 'workflows'>,
): Outcome {
  const asked = workflows.length === 0 ? [''] : workflows
  return { ...grounds, action, workflows: action === 'require_approval' ? asked : [] }
}

/** What two say together: the stricter one, asking whom both ask where both ask. */
export function together(a: Outcome | null, b: Outcome): Outcome {
  if (a === null) return b
  const more = strictness(a.action) - strictness(b.action)
  if (more !== 0) return more > 0 ? a : b
  return { ...a, workflows: [...new Set([...a.workflows, ...b.workflows])] }
}

/** How an outcome compares with the one before it; `other` where it asks somebody else instead. */
export function comparison(
  before: Outcome,
  after: Outcome,
): 'same' | 'looser' | 'stricter' | 'other' {
  const more = strictness(after.action) - strictness(before.action)
  if (more !== 0) return more > 0 ? 'stricter' : 'looser'
  const kept = before.workflows.every(name => after.workflows.includes(name))
  const known = after.workflows.every(name => before.workflows.includes(name))
  if (kept) return known ? 'same' : 'stricter'
  return known ? 'looser' : 'other'
}
