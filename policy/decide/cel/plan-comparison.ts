import type {
  CallExpression,
  Expression,
  ListExpression,
  Literal,
} from '../../../schemas/expression.ts'
import { isIn } from './collections.ts'
import { type Binary, type Comparison, comparisons } from './comparisons.ts'
import { type At, type Eval, isFault, located, type Names } from './eval.ts'
import type { Frame } from './frame.ts'
import { exactNumber, literalValue } from './literal-value.ts'
import type { Outcome, Value } from './value.ts'

type Plan = (node: Expression, names: Names) => Eval

/** What is done with an operand that is not of the expected type. */
type Slow = (value: Outcome, frame: Frame) => Outcome

/** `literal op x` is `x mirrored-op literal`. */
const mirrored: Readonly<Record<Comparison, Comparison>> = {
  '_==_': '_==_',
  '_!=_': '_!=_',
  '_<_': '_>_',
  '_<=_': '_>=_',
  '_>_': '_<_',
  '_>=_': '_<=_',
}

/** A comparison with a literal or a look-up in a list of literals, without allocation; null for anything else. */
export function planComparison(node: CallExpression, names: Names, plan: Plan): Eval | null {
  const { fn, args, at } = node
  const [left, right] = args
  if (left === undefined || right === undefined) return null
  const read = (operand: Expression) => plan(asNumber(operand), names)
  if (fn === '@in') return right.op === 'list' ? planMember(() => read(left), right, at) : null
  if (!isComparison(fn)) return null
  return (
    against(fn, () => read(left), right, at) ?? against(mirrored[fn], () => read(right), left, at)
  )
}

function isComparison(fn: string): fn is Comparison {
  return Object.hasOwn(mirrored, fn)
}

function against(fn: Comparison, read: () => Eval, literal: Expression, at: At): Eval | null {
  const number = exactNumber(literal)
  const run = comparisons[fn]
  if (number !== null) {
    return toNumber(fn, read(), number, slow(run, literalValue(literal as Literal), at))
  }
  if (literal.op !== 'string' || (fn !== '_==_' && fn !== '_!=_')) return null
  return toText(fn === '_==_', read(), literal.value, slow(run, literal.value, at))
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

function toNumber(fn: Comparison, read: Eval, literal: number, other: Slow): Eval {
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
    case '_>=_':
      return (scope, frame) => {
        const value = read(scope, frame)
        return typeof value === 'number' ? value >= literal : other(value, frame)
      }
  }
}

function toText(equals: boolean, read: Eval, literal: string, other: Slow): Eval {
  return (scope, frame) => {
    const value = read(scope, frame)
    return typeof value === 'string' ? (value === literal) === equals : other(value, frame)
  }
}

/** `x in [literals]`: texts and numbers are looked up in a set. */
function planMember(read: () => Eval, { items }: ListExpression, at: At): Eval | null {
  const members = items.map(memberOf)
  if (members.includes(null)) return null
  const values = items.map(item => literalValue(item as Literal))
  const other = slow(isIn, values, at)
  const set = new Set<unknown>(members)
  const item = read()
  return (scope, frame) => {
    const value = item(scope, frame)
    const plain = typeof value === 'string' || typeof value === 'number'
    return plain ? set.has(value) : other(value, frame)
  }
}

function memberOf(node: Expression): string | number | null {
  return node.op === 'string' ? node.value : exactNumber(node)
}
