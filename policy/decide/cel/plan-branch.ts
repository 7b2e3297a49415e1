import type { CallExpression, Expression } from '../../../schemas/expression.ts'
import type { Branch } from './branch.ts'
import { type Question, questionOf } from './question.ts'

/** Where to go from a test that passes, and from one that does not. */
interface Ways {
  readonly yes: Branch | boolean
  readonly no: Branch | boolean
}

/** Turns a condition into branches that end in its answer; null for one that asks more than fields of the variables. */
export function planBranches(
  node: Expression,
  variables: ReadonlySet<string>,
  ways: Ways = { yes: true, no: false },
): Branch | null {
  const question = questionOf(node)
  if (question !== null) return planQuestion(question, variables, ways)
  return node.op === 'call' ? planOperator(node, variables, ways) : null
}

function planOperator(
  { fn, args: [a, b] }: CallExpression,
  variables: ReadonlySet<string>,
  { yes, no }: Ways,
): Branch | null {
  if (a === undefined) return null
  if (fn === '!_') return planBranches(a, variables, { yes: no, no: yes })
  if (b === undefined || (fn !== '_&&_' && fn !== '_||_')) return null
  const then = planBranches(b, variables, { yes, no })
  if (then === null) return null
  return planBranches(a, variables, fn === '_&&_' ? { yes: then, no } : { yes, no: then })
}

/** Shared by the fields of variables themselves. */
const nothing: readonly string[] = []

function planQuestion(
  { path, test, literal }: Question,
  variables: ReadonlySet<string>,
  ways: Ways,
): Branch | null {
  const [root, ...between] = path
  const field = between.pop()
  if (root === undefined || field === undefined || !variables.has(root)) return null
  return { root, between: between.length === 0 ? nothing : between, field, test, literal, ...ways }
}
