import type Type from 'typebox'
import { oneOf } from './field.ts'

/** What a rule may say, from loosest to strictest. */
export const actions = ['allow', 'require_approval', 'deny'] as const

export type Action = (typeof actions)[number]

/** A field that holds an action. */
export function action(description: string, preset?: Action): Type.TUnsafe<Action> {
  return oneOf(actions, description, preset === undefined ? {} : { default: preset })
}

/** How strict an action is; the larger number wins when policies disagree. */
export function strictness(action: Action): number {
  return actions.indexOf(action)
}
