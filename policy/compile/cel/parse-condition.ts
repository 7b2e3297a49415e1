import type { CallKind } from '../../../schemas/call-kind.ts'
import type { Expression } from '../../../schemas/expression.ts'
import { typesOfCall } from './call-types.ts'
import { checkValue } from './check.ts'
import { type ConditionProblem, errorAt } from './condition-problem.ts'
import { constantOf, failureOf } from './constant.ts'
import { lower } from './lower.ts'
import { needBool } from './need-bool.ts'
import { isProblem, parseSyntax } from './syntax-tree.ts'

export type { ConditionProblem } from './condition-problem.ts'

/** What a condition may speak of. */
export interface ConditionScope {
  readonly kind: CallKind
  /** JSON Schemas of the arguments the call may carry; empty when not known. */
  readonly args: readonly unknown[]
}

/** A condition after parsing and checking. */
export interface ParsedCondition {
  /** Null when there are errors. */
  readonly expression: Expression | null
  readonly problems: readonly ConditionProblem[]
  /** Set when the condition can only have one value, by its form. */
  readonly constant?: boolean
}

/** Parses and checks a condition written in CEL; never throws, whatever the text. */
export function parseCondition(source: string, scope: ConditionScope): ParsedCondition {
  const problems: ConditionProblem[] = []
  const report = (problem: ConditionProblem) => problems.push(problem)
  const expression = parse(source, scope, report)
  if (expression === null || problems.some(({ severity }) => severity === 'error')) {
    return { expression: null, problems: inOrder(problems) }
  }
  const failure = failureOf(expression)
  if (failure !== undefined) {
    report(errorAt(expression.at, 'always_fails', `This always fails: ${failure}.`))
    return { expression: null, problems: inOrder(problems) }
  }
  const constant = constantOf(expression)
  const parsed = { expression, problems: inOrder(problems) }
  return constant === undefined ? parsed : { ...parsed, constant }
}

function parse(
  source: string,
  scope: ConditionScope,
  report: (problem: ConditionProblem) => void,
): Expression | null {
  const tree = parseSyntax(source)
  if (isProblem(tree)) {
    report(tree)
    return null
  }
  let lowered = true
  const expression = lower(tree, source, problem => {
    lowered = false
    report(problem)
  })
  if (!lowered) return null
  const typed = checkValue(expression, { types: typesOfCall(scope), report })
  needBool(typed, report)
  return typed.node
}

function inOrder(problems: readonly ConditionProblem[]): readonly ConditionProblem[] {
  return problems.toSorted((a, b) => a.start - b.start || a.end - b.end)
}
