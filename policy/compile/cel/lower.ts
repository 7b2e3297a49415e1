import type { CallExpression, Comprehension, Expression } from '../../../schemas/expression.ts'
import { typeNames } from '../../decide/cel/value.ts'
import { errorAt, type Report } from './condition-problem.ts'
import { lowerLiteral, negativeNumber } from './lower-literal.ts'
import { type BinaryOperator, maxNesting, type SyntaxTree } from './syntax-tree.ts'
import { widening } from './widen.ts'

/** What lowering carries along. */
interface Walk {
  readonly source: string
  readonly report: Report
  readonly depth: number
  /** Puts the parentheses back into a range. */
  readonly widen: (at: Expression['at']) => Expression['at']
}

/** Stands where a problem was reported, so that the rest can still be looked at. */
const nothing = (at: Expression['at']): Expression => ({ op: 'null', at })

function tooDeep(at: Expression['at']) {
  return errorAt(
    at,
    'condition_too_deep',
    `The condition is nested deeper than ${maxNesting} levels.`,
    'Split it into several rules.',
  )
}

/** Turns a syntax tree into an expression: macros become loops, operators get the names of the specification. */
export function lower(tree: SyntaxTree, source: string, report: Report): Expression {
  return lowerNode(tree, { source, report, depth: 1, widen: widening(source) })
}

function lowerNode(tree: SyntaxTree, walk: Walk): Expression {
  const at = walk.widen([tree.start, tree.end])
  if (walk.depth > maxNesting) {
    walk.report(tooDeep(at))
    return nothing(at)
  }
  const inner = { ...walk, depth: walk.depth + 1 }
  const each = (trees: readonly SyntaxTree[]) => trees.map(child => lowerNode(child, inner))
  switch (tree.op) {
    case 'value':
      return lowerLiteral(tree.args, at, walk.source, walk.report) ?? nothing(at)
    case 'id':
      return { op: 'ident', name: tree.args, at }
    case '.':
      return lowerSelect(tree.args[0], tree.args[1], at, walk)
    case '[]':
      return {
        op: 'index',
        of: lowerNode(tree.args[0], walk),
        key: lowerNode(tree.args[1], inner),
        at,
      }
    case 'call':
      return lowerCall(tree.args[0], each(tree.args[1]), at, walk.report)
    case 'rcall':
      return lowerMethod(tree.args, at, walk)
    case 'list':
      return { op: 'list', items: each(tree.args), at }
    case 'map':
      return {
        op: 'map',
        entries: tree.args.map(([key, value]) => [lowerNode(key, inner), lowerNode(value, inner)]),
        at,
      }
    case '?:':
      return call('_?_:_', each(tree.args), at)
    case '!_':
      return call('!_', each([tree.args]), at)
    case '-_':
      return negativeNumber(tree.args, at, walk.source) ?? call('-_', each([tree.args]), at)
    default:
      return lowerBinary(tree.op, tree, at, walk)
  }
}

function call(fn: string, args: readonly Expression[], at: Expression['at']): CallExpression {
  return { op: 'call', fn, args, at }
}

// The left side of a chain such as a + b + c is no deeper than the chain itself.
function lowerBinary(
  op: BinaryOperator,
  tree: SyntaxTree & { readonly op: BinaryOperator },
  at: Expression['at'],
  walk: Walk,
): Expression {
  const inner = { ...walk, depth: walk.depth + 1 }
  if (op === '&&' || op === '||') return lowerChain(op, tree, inner)
  const [left, right] = tree.args
  const fn = op === 'in' ? '@in' : `_${op}_`
  return call(fn, [lowerNode(left, walk), lowerNode(right, inner)], at)
}

/** A chain of one logical operator, balanced: whatever its length, it is evaluated a few calls deep. */
function lowerChain(op: '&&' | '||', tree: SyntaxTree, walk: Walk): Expression {
  const operands: Expression[] = []
  let rest = tree
  while (rest.op === op) {
    operands.unshift(lowerNode(rest.args[1], walk))
    rest = rest.args[0]
  }
  operands.unshift(lowerNode(rest, walk))
  return balance(`_${op}_`, operands, walk.widen)
}

function balance(fn: string, operands: readonly Expression[], widen: Walk['widen']): Expression {
  const [first, last] = [operands[0] as Expression, operands.at(-1) as Expression]
  if (operands.length === 1) return first
  const middle = operands.length >> 1
  const halves = [operands.slice(0, middle), operands.slice(middle)]
  const at = widen([first.at[0], last.at[1]])
  return call(
    fn,
    halves.map(half => balance(fn, half, widen)),
    at,
  )
}

function lowerSelect(of: SyntaxTree, field: string, at: Expression['at'], walk: Walk): Expression {
  const name = `${dotted(of)}.${field}`
  return typeNames.has(name)
    ? { op: 'ident', name, at }
    : { op: 'select', of: lowerNode(of, walk), field, at }
}

function dotted(tree: SyntaxTree): string {
  if (tree.op === 'id') return tree.args
  return tree.op === '.' ? `${dotted(tree.args[0])}.${tree.args[1]}` : ''
}

function lowerCall(
  fn: string,
  args: readonly Expression[],
  at: Expression['at'],
  report: Report,
): Expression {
  if (fn !== 'has') return call(fn, args, at)
  const [operand] = args
  if (args.length === 1 && operand?.op === 'select') return { ...operand, test: true, at }
  report(
    errorAt(
      at,
      'wrong_has',
      'has() takes one field.',
      'Write it as has(args.name), or as "name" in args.',
    ),
  )
  return nothing(at)
}

const namespaces: ReadonlySet<string> = new Set([
  'strings',
  'math',
  'base64',
  'cel',
  'lists',
  'sets',
])

function lowerMethod(
  [fn, receiver, args]: readonly [string, SyntaxTree, readonly SyntaxTree[]],
  at: Expression['at'],
  walk: Walk,
): Expression {
  const inner = { ...walk, depth: walk.depth + 1 }
  if (receiver.op === 'id' && namespaces.has(receiver.args)) {
    return call(
      `${receiver.args}.${fn}`,
      args.map(arg => lowerNode(arg, inner)),
      at,
    )
  }
  const over = lowerNode(receiver, walk)
  const macro = lowerMacro(fn, over, args, at, inner)
  if (macro !== null) return macro
  return { ...call(fn, [over, ...args.map(arg => lowerNode(arg, inner))], at), method: true }
}

const macros: ReadonlyMap<string, Comprehension['op']> = new Map([
  ['all/2', 'all'],
  ['exists/2', 'exists'],
  ['exists_one/2', 'exists_one'],
  ['existsOne/2', 'exists_one'],
  ['map/2', 'map_items'],
  ['map/3', 'map_items'],
  ['filter/2', 'filter'],
])

function lowerMacro(
  fn: string,
  over: Expression,
  args: readonly SyntaxTree[],
  at: Expression['at'],
  walk: Walk,
): Expression | null {
  const op = macros.get(`${fn}/${args.length}`)
  const [variable, first, second] = args
  if (op === undefined || variable === undefined || first === undefined) return null
  const name = variable.op === 'id' ? variable.args : ''
  if (name === '') {
    const place = [variable.start, variable.end] as const
    walk.report(
      errorAt(place, 'wrong_macro', `${fn}() names its variable first, as in ${fn}(x, …).`),
    )
    return nothing(at)
  }
  const loop = { op, variable: name, over, at }
  if (second === undefined) return { ...loop, each: lowerNode(first, walk) }
  return { ...loop, where: lowerNode(first, walk), each: lowerNode(second, walk) }
}
