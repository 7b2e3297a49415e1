import type Type from 'typebox'
import { type Action, actions } from './action.ts'
import { oneOf } from './field.ts'

/** A field that holds an action. */
export function action(description: string, preset?: Action): Type.TUnsafe<Action> {
  return oneOf(actions, description, preset === undefined ? {} : { default: preset })
}
