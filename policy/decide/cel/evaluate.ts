import type { Expression } from '../../../schemas/expression.ts'
import { type Eval, located, type Names, type Scope } from './eval.ts'
import { fuelPerEvaluation, newFrame, OutOfFuel } from './frame.ts'
import { planExpression } from './plan-expression.ts'
import { Fault, type Outcome } from './value.ts'

/**
 * Makes an expression ready to be evaluated again and again; total: whatever the variables hold, there
 * is an outcome. It is planned when first asked, since most conditions are answered by their branches.
 */
export function ready(
  expression: Expression,
  variable: Names['variable'],
  frame = newFrame(),
  guard?: Names['guard'],
): (scope: Scope) => Outcome {
  let run: Eval | null = null
  return scope => {
    try {
      run ??= planExpression(expression, { slots: [], variable, ...(guard && { guard }) })
      frame.fuel = fuelPerEvaluation
      return located(run(scope, frame), expression.at)
    } catch (error) {
      frame.slots.length = 0
      const why = error instanceof OutOfFuel ? 'takes too many steps' : 'cannot be evaluated'
      return new Fault(`the condition ${why}`, expression.at)
    }
  }
}

/** Evaluates an expression over variables, once. */
export function evaluate(expression: Expression, variables: Scope): Outcome {
  const known = (name: string) => (Object.hasOwn(variables, name) ? 'known' : 'none')
  return ready(expression, known)(variables)
}
