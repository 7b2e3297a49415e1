import type { HaltNotice } from '../../schemas/halt.ts'
import type { JudgedCall, Subject } from '../mcp/judge.ts'
import { type Refusal, refusalBy } from '../mcp/refusal.ts'
import { haltedDecision, haltText } from './halted-decision.ts'

/** The refusal of a call that a halt came to cover before it went out. */
export function haltedRefusal(halt: HaltNotice, subject: Subject): Refusal {
  const decision = haltedDecision(halt)
  const refusal = refusalBy(decision, subject)
  return refusal ?? { decision: 'deny', reason: 'halted', halt: halt.id, text: haltText(halt) }
}

/** The entry of a call that does not go out because it was halted. */
export function haltedEntry({ entry }: JudgedCall, halt: string): JudgedCall['entry'] {
  return { ...entry, action: 'deny', reason: 'halted', halt }
}

/** The entry of a call that a halt broke off: it had been let through. */
export function cutEntry({ entry }: JudgedCall, halt: string): JudgedCall['entry'] {
  return { ...entry, reason: 'halted', halt }
}
