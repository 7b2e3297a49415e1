import type { CallExpression, Expression, Literal } from '../../../schemas/expression.ts'
import { type At, type Eval, isFault, located, type Names } from './eval.ts'
import type { Frame } from './frame.ts'
import { type Binary, findBinary } from './functions.ts'
import { exactNumber, literalValue } from './literal-value.ts'
import type { Outcome, Value } from './value.ts'

type Plan = (node: Expression, names: Names) => Eval

/** What is done with an operand that is not of the expected type. */
type Slow = (value: Outcome, frame: Frame) => Outcome

/** `literal op x` is `x mirrored-op literal`. */
const mirrored: Readonly<Record<string, string>> = {
  '_==_': '_==_',
  '_!=_': '_!=_',
  '_<_': '_>_',
  '_<=_': '_>=_',
  '_>_': '_<_',
  '_>=_': '_<=_',
}

/** A comparison with a literal or a look-up in a list of literals, without allocation; null for anything else. */
export function planComparison(node: CallExpression, names: Names, plan: Plan): Eval | null {
  const [left, right] = node.args
  if (left === undefined || right === undefined) return null
  if (node.fn === '@in') return planMember(node, left, right, names, plan)
  const mirror = mirrored[node.fn]
  if (mirror === undefined) return null
  return (
    against(node.fn, left, right, node.at, names, plan) ??
    against(mirror, right, left, node.at, names, plan)
  )
}

function against(
  fn: string,
  operand: Expression,
  literal: Expression,
  at: At,
  names: Names,
  plan: Plan,
): Eval | null {
  const run = findBinary(fn)
  if (run === null) return null
  const read = () => plan(asNumber(operand), names)
  const number = exactNumber(literal)
  if (number !== null) {
    return toNumber(fn, read(), number, slow(run, literalValue(literal as Literal), at))
  }
  if (literal.op !== 'string') return null
  return toText(fn, read(), literal.value, slow(run, literal.value, at))
}

/** The operand without its reading as an int: a JSON number compares the same either way. */
function asNumber(node: Expression): Expression {
  if (!('as' in node) || node.as !== 'int') return node
  const { as: _, ...rest } = node
  return rest
}

function slow(run: Binary, literal: Value, at: At): Slow {
  return (value, frame) => (isFault(value) ? value : located(run(frame, value, literal), at))
}

function toNumber(fn: string, read: Eval, literal: number, other: Slow): Eval | null {
  switch (fn) {
    case '_==_':
      return (scope, frame) => {
        const value = read(scope, frame)
        return typeof value === 'number' ? value === literal : other(value, frame)
      }
    case '_!=_':
      return (scope, frame) => {
        const value = read(scope, frame)
        return typeof value === 'number' ? value !== literal : other(value, frame)
      }
    case '_<_':
      return (scope, frame) => {
        const value = read(scope, frame)
        return typeof value === 'number' ? value < literal : other(value, frame)
      }
    case '_<=_':
      return (scope, frame) => {
        const value = read(scope, frame)
        return typeof value === 'number' ? value <= literal : other(value, frame)
      }
    case '_>_':
      return (scope, frame) => {
        const value = read(scope, frame)
        return typeof value === 'number' ? value > literal : other(value, frame)
      }
    default:
      return (scope, frame) => {
        const value = read(scope, frame)
        return typeof value === 'number' ? value >= literal : other(value, frame)
      }
  }
}

function toText(fn: string, read: Eval, literal: string, other: Slow): Eval | null {
  const equals = fn === '_==_'
  if (!equals && fn !== '_!=_') return null
  return (scope, frame) => {
    const value = read(scope, frame)
    return typeof value === 'string' ? (value === literal) === equals : other(value, frame)
  }
}

/** `x in [literals]`: texts and numbers are looked up in a set. */
function planMember(
  node: CallExpression,
  item: Expression,
  list: Expression,
  names: Names,
  plan: Plan,
): Eval | null {
  const literals = list.op === 'list' ? list.items.map(memberOf) : [null]
  const members = literals.filter(member => member !== null)
  const run = findBinary(node.fn)
  if (members.length < literals.length || run === null) return null
  const all = list.op === 'list' ? list.items.map(each => literalValue(each as Literal)) : []
  const other = slow(run, all, node.at)
  const set = new Set<unknown>(members)
  const read = plan(asNumber(item), names)
  return (scope, frame) => {
    const value = read(scope, frame)
    const plain = typeof value === 'string' || typeof value === 'number'
    return plain ? set.has(value) : other(value, frame)
  }
}

function memberOf(node: Expression): string | number | null {
  return node.op === 'string' ? node.value : exactNumber(node)
}
