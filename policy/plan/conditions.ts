import type { Expression } from '../../schemas/expression.ts'
import { exactNumber } from '../decide/cel/literal-value.ts'
import { pathOf } from './field-path.ts'
import { overrunOf, type Truth, type Unknown, unknownOf } from './unknown.ts'

/** Gives the answer to an unknown in the case that is being looked at. */
export type Ask = (unknown: Unknown) => Truth

/** Conditions as functions of unknowns; equal parts of conditions are one unknown. */
export interface Conditions {
  readonly known: Map<string, Unknown>
  readonly parts: WeakMap<Expression, Unknown>
  readonly overruns: WeakMap<Expression, Unknown | 'never'>
}

/** No conditions yet. */
export function newConditions(): Conditions {
  return { known: new Map(), parts: new WeakMap(), overruns: new WeakMap() }
}

/** What a condition comes to, as `&&`, `||` and `!` are defined for what can and cannot be evaluated. */
export function truthOf(conditions: Conditions, condition: Expression, ask: Ask): Truth {
  const overrun = remembered(conditions.overruns, condition, () =>
    isAlone(condition) || isShort(condition) ? 'never' : shared(conditions, overrunOf(condition)),
  )
  if (overrun !== 'never' && ask(overrun) === true) return null
  return truth(conditions, condition, ask)
}

function truth(conditions: Conditions, node: Expression, ask: Ask): Truth {
  if (node.op === 'bool') return node.value
  if (node.op === 'call') {
    const [a, b] = node.args as [Expression, Expression]
    if (node.fn === '_&&_') return both(false, conditions, a, b, ask)
    if (node.fn === '_||_') return both(true, conditions, a, b, ask)
    if (node.fn === '!_') {
      const value = truth(conditions, a, ask)
      return value === null ? null : !value
    }
  }
  return ask(remembered(conditions.parts, node, () => shared(conditions, unknownOf(node))))
}

/** Either side may decide, whatever became of the other. */
function both(
  decisive: boolean,
  conditions: Conditions,
  left: Expression,
  right: Expression,
  ask: Ask,
): Truth {
  const a = truth(conditions, left, ask)
  if (a === decisive) return decisive
  const b = truth(conditions, right, ask)
  if (b === decisive) return decisive
  return a === null || b === null ? null : !decisive
}

function remembered<T>(map: WeakMap<Expression, T>, node: Expression, make: () => T): T {
  const known = map.get(node)
  if (known !== undefined) return known
  const made = make()
  map.set(node, made)
  return made
}

/** The unknown, or the one that stands for the same already. */
export function shared({ known }: Conditions, unknown: Unknown): Unknown {
  const same = known.get(unknown.key)
  if (same !== undefined) return same
  known.set(unknown.key, unknown)
  return unknown
}

/** Whether a condition has one part only, which then cannot be evaluated where that takes too many steps. */
function isAlone(node: Expression): boolean {
  return node.op !== 'call' || (node.fn !== '_&&_' && node.fn !== '_||_' && node.fn !== '!_')
}

const comparisons = new Set(['_==_', '_!=_', '_<_', '_<=_', '_>_', '_>=_'])

/** Whether a condition can never take too many steps: it only compares fields with constants. */
function isShort(node: Expression): boolean {
  if (node.op !== 'call') return isPlain(node) || node.op === 'simple'
  const { fn, args } = node
  if (fn === '_&&_' || fn === '_||_' || fn === '!_') return args.every(isShort)
  if (fn === '@in') return isPlain(args[0] as Expression) && isListOfConstants(args[1])
  if (!comparisons.has(fn) || !args.every(isPlain)) return false
  const equality = fn === '_==_' || fn === '_!=_'
  return args.some(arg => exactNumber(arg) !== null || (equality && isConstant(arg)))
}

function isPlain(node: Expression): boolean {
  const field = node.op === 'select' ? node.of : node
  return isConstant(node) || pathOf(field) !== null
}

function isConstant({ op }: Expression): boolean {
  return op === 'string' || op === 'bool' || op === 'int' || op === 'double' || op === 'null'
}

function isListOfConstants(node: Expression | undefined): boolean {
  return node?.op === 'list' && node.items.every(isConstant)
}
