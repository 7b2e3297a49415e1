import type { CallExpression, Expression } from '../../../schemas/expression.ts'
import type { Binary } from './comparisons.ts'
import { type At, type Eval, isFault, located, type Names, notBool, stronger } from './eval.ts'
import { findBinary, findMany, findUnary, type Many, type Unary } from './functions.ts'
import { planComparison } from './plan-comparison.ts'
import { planMatches } from './plan-matches.ts'
import { Fault, type Outcome, type Value } from './value.ts'

type Plan = (node: Expression, names: Names) => Eval

/** Turns an operator or a function into a closure. */
export function planCall(node: CallExpression, names: Names, plan: Plan): Eval {
  const special = planMatches(node, names, plan) ?? planComparison(node, names, plan)
  if (special !== null) return special
  const args = node.args.map(arg => plan(arg, names))
  return planOperator(node, args) ?? planFunction(node, args)
}

function planOperator({ fn, at }: CallExpression, args: readonly Eval[]): Eval | null {
  const [a, b, c] = args
  if (a === undefined) return null
  if (fn === '!_') return not(a, at)
  if (b === undefined) return null
  if (fn === '_&&_') return decide(false, a, b, at)
  if (fn === '_||_') return decide(true, a, b, at)
  return fn === '_?_:_' && c !== undefined ? choose(a, b, c, at) : null
}

function not(operand: Eval, at: At): Eval {
  return (scope, frame) => {
    const value = operand(scope, frame)
    if (typeof value === 'boolean') return !value
    return isFault(value) ? value : notBool(value, at)
  }
}

/** `&&` (false is decisive) and `||` (true is): either side may decide, whatever became of the other. */
function decide(decisive: boolean, left: Eval, right: Eval, at: At): Eval {
  return (scope, frame) => {
    const a = left(scope, frame)
    if (a === decisive) return decisive
    const b = right(scope, frame)
    if (b === decisive) return decisive
    return stronger(faultOf(a, at), faultOf(b, at)) ?? !decisive
  }
}

function faultOf(value: Outcome, at: At): Fault | null {
  if (typeof value === 'boolean') return null
  return isFault(value) ? value : notBool(value, at)
}

function choose(condition: Eval, then: Eval, otherwise: Eval, at: At): Eval {
  return (scope, frame) => {
    const value = condition(scope, frame)
    if (value === true) return then(scope, frame)
    if (value === false) return otherwise(scope, frame)
    return isFault(value) ? value : notBool(value, at)
  }
}

function planFunction(node: CallExpression, args: readonly Eval[]): Eval {
  const name = node.method === true ? `.${node.fn}` : node.fn
  const none = new Fault(`there is no function ${node.fn} of ${args.length}`, node.at)
  return onOperands(name, args, node.at) ?? (() => none)
}

function onOperands(name: string, args: readonly Eval[], at: At): Eval | null {
  const [a, b] = args
  if (a === undefined) return null
  if (b === undefined) return onOne(findUnary(name), a, at)
  return args.length === 2
    ? onTwo(findBinary(name), a, b, at)
    : onMany(findMany(name, args.length), args, at)
}

function onOne(run: Unary | null, operand: Eval, at: At): Eval | null {
  if (run === null) return null
  return (scope, frame) => {
    const value = operand(scope, frame)
    return isFault(value) ? value : located(run(frame, value), at)
  }
}

function onTwo(run: Binary | null, left: Eval, right: Eval, at: At): Eval | null {
  if (run === null) return null
  return (scope, frame) => {
    const a = left(scope, frame)
    if (isFault(a)) return a
    const b = right(scope, frame)
    return isFault(b) ? b : located(run(frame, a, b), at)
  }
}

function onMany(run: Many | null, operands: readonly Eval[], at: At): Eval | null {
  if (run === null) return null
  return (scope, frame) => {
    const values: Value[] = []
    for (const operand of operands) {
      const value = operand(scope, frame)
      if (isFault(value)) return value
      values.push(value)
    }
    return located(run(frame, ...values), at)
  }
}
