import type { Action } from './action.ts'
import type { Place } from './problem.ts'

/** Why a decision is what it is. Codes are the contract: records, metrics and tests match on them. */
export type Reason =
  | 'rule'
  | 'unmatched'
  | 'no_policy'
  | 'condition_error'
  | 'disabled'
  | 'justification_required'
  | 'no_table'
  /** Said by no policy: people have stopped such calls for now. */
  | 'halted'

/** What a policy in observe mode would have said. */
export interface Observed {
  readonly policy: string
  readonly action: Action
  readonly reason: Reason
  readonly rule?: string
}

interface Because {
  readonly reason: Reason
  readonly policy?: string
  readonly rule?: string
  /** What the author wants the caller to be told; for condition_error, what could not be evaluated. */
  readonly message?: string
  /** Where the deciding rule, entry or policy was written. */
  readonly at?: Place
  readonly commit?: string
  readonly observed: readonly Observed[]
  /** Id of the halt that stands in the way. */
  readonly halt?: string
  /** Digest of the table that decided, `sha256:` and hex; empty when there was none. */
  readonly table: string
}

/** The verdict on one call, with enough to explain it a year later. */
export type Decision =
  | (Because & { readonly action: 'allow' })
  | (Because & { readonly action: 'deny' })
  | (Because & {
      readonly action: 'require_approval'
      /** Sorted; each must approve. Empty: the owners of the namespace. An empty name among others: the owners as well. */
      readonly workflows: readonly string[]
    })

/** A decision with everything that was looked at on the way. */
export interface Explanation {
  readonly decision: Decision
  readonly trace: readonly PolicyTrace[]
}

export interface PolicyTrace {
  readonly policy: string
  readonly mode: 'enforce' | 'observe'
  readonly at: Place
  /** The entry that spoke, or null when none matched. */
  readonly entry: { readonly match: string; readonly at: Place } | null
  /** The policy's own verdict; `abstain` when nothing matched, `unknown` when it hangs on what nobody knows any more. */
  readonly verdict: Action | 'abstain' | 'unknown'
  /** Null when the verdict is unknown. */
  readonly reason: Reason | null
  readonly rules: readonly RuleTrace[]
}

export interface RuleTrace {
  readonly rule: string
  readonly at: Place
  /** `unknown`: it hangs on what nobody knows any more, and so may whether later rules were reached. */
  readonly outcome: 'matched' | 'not_matched' | 'error' | 'not_reached' | 'unknown'
  readonly condition?: string
  readonly error?: string
  /** Why that is not known on which it hangs. */
  readonly unknown?: string
  /** What the parts of the condition evaluated to, outermost first. */
  readonly parts: readonly { readonly text: string; readonly value: string }[]
}
