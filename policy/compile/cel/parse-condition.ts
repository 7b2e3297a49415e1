import type { CallKind } from '../../../schemas/call.ts'
import type { Expression } from '../../../schemas/expression.ts'
import type { ConditionProblem } from './condition-problem.ts'
import { lower } from './lower.ts'
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
export function parseCondition(source: string, _scope: ConditionScope): ParsedCondition {
  const tree = parseSyntax(source)
  if (isProblem(tree)) return { expression: null, problems: [tree] }
  const problems: ConditionProblem[] = []
  const expression = lower(tree, source, problem => problems.push(problem))
  return { expression: problems.length > 0 ? null : expression, problems }
}
