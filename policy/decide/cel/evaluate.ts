import type { Expression } from '../../../schemas/expression.ts'
import { type Eval, located, type Names, type Scope } from './eval.ts'
import { type Frame, fuelPerEvaluation, newFrame, OutOfFuel } from './frame.ts'
import { planExpression } from './plan-expression.ts'
import { Fault, type Outcome } from './value.ts'

/**
 * Makes an expression ready to be evaluated again and again; total: whatever the variables hold, there
 * is an outcome. Planned when first needed, since most conditions are answered by their branches.
 */
export function ready(
  expression: Expression,
  variable: Names['variable'],
): (scope: Scope) => Outcome {
  let planned: Planned | null = null
  return scope => {
    try {
      planned ??= { run: planExpression(expression, { slots: [], variable }), frame: newFrame() }
      return runOnce(planned, scope, expression.at)
    } catch (error) {
      planned?.frame.slots.splice(0)
      const why = error instanceof OutOfFuel ? 'takes too many steps' : 'cannot be evaluated'
      return new Fault(`the condition ${why}`, expression.at)
    }
  }
}

interface Planned {
  readonly run: Eval
  readonly frame: Frame
}

/** Evaluates an expression over variables, once. */
export function evaluate(expression: Expression, variables: Scope): Outcome {
  const known = (name: string) => (Object.hasOwn(variables, name) ? 'known' : 'none')
  return ready(expression, known)(variables)
}

function runOnce({ run, frame }: Planned, scope: Scope, at: Fault['at']): Outcome {
  frame.fuel = fuelPerEvaluation
  return located(run(scope, frame), at)
}
