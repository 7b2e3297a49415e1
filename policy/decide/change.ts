import { type Action, strictness } from '../../schemas/action.ts'

/** One thing that is not the same in two tables. */
export interface Change {
  /**
   * `widening` may let through what was held back; `narrowing` can only hold back more, refusals for
   * conditions that cannot be evaluated aside; `neutral` changes no verdict. What the form of the tables
   * does not settle counts as widening.
   */
  readonly effect: 'widening' | 'narrowing' | 'neutral'
  /** The policy that changed; absent for servers, agents and workflows. */
  readonly policy?: string
  /** What changed, in words. */
  readonly message: string
}

export type Effect = Change['effect']

/** An action and whom it asks. */
export interface Outcome {
  readonly action: Action
  readonly workflows: readonly string[]
}

/** The change between two actions, or between whom they ask; none where they are equal. */
export function actionChange(what: string, before: Outcome, after: Outcome): readonly Change[] {
  if (before.action !== after.action) {
    const effect = strictness(after.action) > strictness(before.action) ? 'narrowing' : 'widening'
    return [said(effect, `${what} was ${before.action}, now ${after.action}`)]
  }
  const [were, are] = [before.workflows.join(', '), after.workflows.join(', ')]
  if (were === are) return []
  return [said('widening', `${what} asked ${were || 'the owners'}, now ${are || 'the owners'}`)]
}

/** A change in words. */
export function said(effect: Effect, message: string): Change {
  return { effect, message }
}
