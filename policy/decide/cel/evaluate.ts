import type { Expression } from '../../../schemas/expression.ts'
import { type Eval, located, type Names, type Scope } from './eval.ts'
import { type Frame, fuelPerEvaluation, newFrame, OutOfFuel } from './frame.ts'
import { planExpression } from './plan-expression.ts'
import { Fault, type Outcome } from './value.ts'

/** Makes an expression ready to be evaluated again and again; total: whatever the variables hold, there is an outcome. */
export function ready(
  expression: Expression,
  variable: Names['variable'],
): (scope: Scope) => Outcome {
  const run = planExpression(expression, { slots: [], variable })
  const frame = newFrame()
  return scope => runOnce(run, scope, frame, expression.at)
}

/** Evaluates an expression over variables, once. */
export function evaluate(expression: Expression, variables: Scope): Outcome {
  const known = (name: string) => (Object.hasOwn(variables, name) ? 'known' : 'none')
  return ready(expression, known)(variables)
}

function runOnce(run: Eval, scope: Scope, frame: Frame, at: Fault['at']): Outcome {
  frame.fuel = fuelPerEvaluation
  try {
    return located(run(scope, frame), at)
  } catch (error) {
    frame.slots.length = 0
    const why = error instanceof OutOfFuel ? 'takes too many steps' : 'cannot be evaluated'
    return new Fault(`the condition ${why}`, at)
  }
}
