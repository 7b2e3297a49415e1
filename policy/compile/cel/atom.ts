import type { Expression } from '../../../schemas/expression.ts'
import { exactNumber } from '../../decide/cel/literal-value.ts'

type Scalar = string | number | boolean

/** What a part of a condition claims about one expression: that it is, or is not, among values, or beyond a bound. */
export type Atom = { readonly subject: string } & (
  | { readonly claim: 'among' | 'not_among'; readonly values: readonly Scalar[] }
  | { readonly claim: '<' | '<=' | '>' | '>='; readonly bound: number }
)

type Bound = Extract<Atom, { readonly bound: number }>

const negated = {
  among: 'not_among',
  not_among: 'among',
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
} as const

/** The claim that holds exactly when the atom's does not. */
export function negate(atom: Atom): Atom {
  return { ...atom, claim: negated[atom.claim] } as Atom
}

/** Reads a part of a condition as a claim; what is no comparison with constants claims that it is true. */
export function atomOf(node: Expression): Atom {
  if (node.op === 'call' && node.fn === '!_') return negate(atomOf(node.args[0] as Expression))
  return comparisonOf(node) ?? { subject: subjectOf(node), claim: 'among', values: [true] }
}

const operators: Readonly<
  Record<string, readonly [claim: Atom['claim'], mirrored: Atom['claim']]>
> = {
  '_==_': ['among', 'among'],
  '_!=_': ['not_among', 'not_among'],
  '_<_': ['<', '>'],
  '_<=_': ['<=', '>='],
  '_>_': ['>', '<'],
  '_>=_': ['>=', '<='],
}

function comparisonOf(node: Expression): Atom | null {
  if (node.op !== 'call' || node.args.length !== 2) return null
  const [left, right] = node.args as [Expression, Expression]
  if (node.fn === '@in') return membershipOf(left, right)
  const claims = Object.hasOwn(operators, node.fn) ? operators[node.fn] : undefined
  if (claims === undefined) return null
  return claimOf(left, claims[0], right) ?? claimOf(right, claims[1], left)
}

function membershipOf(item: Expression, list: Expression): Atom | null {
  if (list.op !== 'list') return null
  const values = list.items.map(scalarOf)
  if (values.includes(null)) return null
  return { subject: subjectOf(item), claim: 'among', values: values as Scalar[] }
}

function claimOf(operand: Expression, claim: Atom['claim'], constant: Expression): Atom | null {
  const value = scalarOf(constant)
  if (value === null) return null
  const subject = subjectOf(operand)
  if (claim === 'among' || claim === 'not_among') return { subject, claim, values: [value] }
  return typeof value === 'number' ? { subject, claim, bound: value } : null
}

function scalarOf(node: Expression): Scalar | null {
  return node.op === 'string' || node.op === 'bool' ? node.value : exactNumber(node)
}

/** Equal for expressions that differ only in their place. */
function subjectOf(node: Expression): string {
  return JSON.stringify(node, (key, value) => (key === 'at' ? undefined : value))
}

/** Whether the claims cannot both hold. */
export function contradict(a: Atom, b: Atom): boolean {
  if (a.subject !== b.subject) return false
  if (a.claim === 'among') return a.values.every(value => !admits(b, value))
  if (b.claim === 'among') return contradict(b, a)
  if (a.claim === 'not_among' || b.claim === 'not_among') return false
  // Bounds on the same side never contradict; those that face each other do when they have passed.
  if (a.claim[0] === b.claim[0]) return false
  const [low, high] = (a.claim[0] === '>' ? [a, b] : [b, a]) as [Bound, Bound]
  const closed = low.claim === '>=' && high.claim === '<='
  return closed ? low.bound > high.bound : low.bound >= high.bound
}

function admits(atom: Atom, value: Scalar): boolean {
  switch (atom.claim) {
    case 'among':
      return atom.values.includes(value)
    case 'not_among':
      return !atom.values.includes(value)
    case '<':
      return typeof value === 'number' && value < atom.bound
    case '<=':
      return typeof value === 'number' && value <= atom.bound
    case '>':
      return typeof value === 'number' && value > atom.bound
    case '>=':
      return typeof value === 'number' && value >= atom.bound
  }
}
