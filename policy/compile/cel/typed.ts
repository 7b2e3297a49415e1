import type { Expression } from '../../../schemas/expression.ts'
import type { Report } from './condition-problem.ts'
import type { Type } from './type.ts'

/** What is in scope while a condition is checked. */
export interface Scope {
  readonly types: ReadonlyMap<string, Type>
  readonly report: Report
}

/** An expression with what is known of its value; JSON numbers say what they stand for. */
export interface Typed<T extends Expression = Expression> {
  readonly node: T
  readonly type: Type
}
