import type { Expression } from '../../../schemas/expression.ts'
import { isFault } from '../../decide/cel/eval.ts'
import { ready } from '../../decide/cel/evaluate.ts'
import { atomOf, contradict, negate } from './atom.ts'

/** Why a condition fails for every call, because of something that no variable has a say in. */
export function failureOf(node: Expression): string | undefined {
  const outcome = ready(node, () => 'unknown')({})
  return isFault(outcome) && !outcome.unknown ? outcome.message : undefined
}

/**
 * The one value that a condition can have by its form: because no variable has a say in it, or
 * because its parts rule each other out, as in `x == 'a' && x == 'b'` or `x != 'a' || x != 'b'`.
 */
export function constantOf(node: Expression): boolean | undefined {
  if (node.op !== 'call') return ofLiterals(node)
  switch (node.fn) {
    case '_&&_':
      return ofChain(node.fn, node, false)
    case '_||_':
      return ofChain(node.fn, node, true)
    case '!_': {
      const operand = node.args.map(constantOf)[0]
      return operand === undefined ? undefined : !operand
    }
    default:
      return ofLiterals(node)
  }
}

function ofLiterals(node: Expression): boolean | undefined {
  const outcome = ready(node, () => 'unknown')({})
  return typeof outcome === 'boolean' ? outcome : undefined
}

/** `||` is decided by true: when its parts, negated, rule each other out, one of them always holds. */
function ofChain(fn: string, node: Expression, decisive: boolean): boolean | undefined {
  const operands = flatten(fn, node)
  const values = operands.map(constantOf)
  if (values.includes(decisive)) return decisive
  if (values.every(value => value === !decisive)) return !decisive
  const atoms = operands.map(operand => atomOf(operand))
  const claims = decisive ? atoms.map(negate) : atoms
  const ruledOut = claims.some((claim, i) =>
    claims.slice(0, i).some(other => contradict(claim, other)),
  )
  return ruledOut ? decisive : undefined
}

function flatten(fn: string, node: Expression): readonly Expression[] {
  return node.op === 'call' && node.fn === fn ? node.args.flatMap(arg => flatten(fn, arg)) : [node]
}
