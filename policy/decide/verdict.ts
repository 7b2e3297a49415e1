import { type Action, strictness } from '../../schemas/action.ts'
import type { Decision, Reason } from '../../schemas/decision.ts'
import type { At, Fallback, RuleTable } from '../../schemas/rule-table.ts'

/** A decision and what it weighs against those of other policies. */
export interface Verdict {
  /** The heavier verdict wins: by action, then by reason. */
  readonly weight: number
  /** Position of the policy in the order of names; settles what weight leaves open. */
  readonly order: number
  readonly decision: Decision
}

/** What a verdict is made of; parts that are not known are left out of the decision. */
export interface Grounds {
  readonly reason: Reason
  readonly policy?: string
  readonly rule?: string
  readonly message?: string | undefined
  readonly at?: At
}

/** Between verdicts of one action the earlier reason here wins. */
const reasons: readonly Reason[] = [
  'rule',
  'disabled',
  'condition_error',
  'justification_required',
  'unmatched',
  'no_policy',
  'no_table',
]

/** A frozen verdict on the grounds given; places are read from the table's list of files. */
export function verdict(
  { files, digest }: { readonly files: RuleTable['files']; readonly digest: string },
  order: number,
  { action, workflows }: Fallback,
  { at, message, ...grounds }: Grounds,
): Verdict {
  const file = at && files[at[0]]
  const because = {
    ...grounds,
    ...(message === undefined ? {} : { message }),
    ...(at && file ? { at: Object.freeze({ file: file.path, line: at[1], column: at[2] }) } : {}),
    ...(file?.commit === undefined ? {} : { commit: file.commit }),
    observed: nothing,
    table: digest,
  }
  const decision: Decision =
    action === 'require_approval'
      ? { action, ...because, workflows: Object.freeze([...new Set(workflows)].sort()) }
      : { action, ...because }
  return Object.freeze({
    weight: weightOf(action, grounds.reason),
    order,
    decision: Object.freeze(decision),
  })
}

/** The verdict of two policies together: the heavier one, asking the workflows of both if both ask. */
export function stricter<T extends Verdict | null>(a: T, b: Verdict | null): T | Verdict {
  if (b === null) return a
  if (a === null) return b
  const first = a.weight > b.weight || (a.weight === b.weight && a.order <= b.order)
  return first ? joined(a, b) : joined(b, a)
}

const nothing: readonly never[] = Object.freeze([])

function weightOf(action: Action, reason: Reason): number {
  return strictness(action) * reasons.length - reasons.indexOf(reason)
}

function joined(winner: Verdict, other: Verdict): Verdict {
  const { decision } = winner
  if (decision.action !== 'require_approval') return winner
  if (other.decision.action !== 'require_approval') return winner
  const workflows = union(decision.workflows, other.decision.workflows)
  if (workflows.length === decision.workflows.length) return winner
  return { ...winner, decision: Object.freeze({ ...decision, workflows }) }
}

/** Nobody named means the owners, who must not be forgotten when the other policy names somebody. */
function union(a: readonly string[], b: readonly string[]): readonly string[] {
  if (a.length === 0 && b.length === 0) return a
  const names = [a, b].flatMap(list => (list.length === 0 ? [''] : list))
  return Object.freeze([...new Set(names)].sort())
}
