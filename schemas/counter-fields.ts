import Type from 'typebox'
import { instant } from './field.ts'

/** What names a counter of a budget: the word after `per`, and the instant at which the window began. */
export const counterFields = {
  counter: Type.String({
    maxLength: 512,
    description: 'Whose counter: a value of what `per` names; empty for the namespace.',
  }),
  window: Type.Union([Type.Literal(''), instant('Start of the window.')], {
    description: 'Start of the window; empty for session and total.',
  }),
}
