import type { Expression } from '../../schemas/expression.ts'
import { type Atom, atomOf, contradict, negate } from '../compile/cel/atom.ts'
import { factsOf } from '../decide/facts.ts'
import { pathOf } from './field-path.ts'
import { written } from './written.ts'

/** What a condition or a part of it comes to; null where it cannot be evaluated. */
export type Truth = boolean | null

/** Something about a call that is tried with every answer it may have. */
export interface Unknown {
  /** Equal for what always has the same answer. */
  readonly key: string
  readonly answers: readonly Truth[]
  /** What the answer says about a field. */
  readonly claim: Claim | null
  /** The condition that takes too many steps where the answer is true. */
  readonly overrun: readonly Chain[] | null
  /** The part of a condition that has this answer. */
  readonly part: Expression | null
}

interface Claim {
  readonly path: readonly string[]
  /** Equal for what reads the same field in the same way. */
  readonly field: string
  readonly about: 'value' | 'order' | 'truth' | 'presence'
  readonly atom: Atom
}

/** A question that is answered by yes or no. */
export function question(key: string): Unknown {
  return { key, answers: [true, false], claim: null, overrun: null, part: null }
}

/** Whether a condition takes more steps than an evaluation may. */
export function overrunOf(condition: Expression): Unknown {
  return { ...question(`steps of ${written(condition)}`), overrun: chains(condition) }
}

/** What a part of a condition comes to that is no `&&`, `||` or `!`. */
export function unknownOf(part: Expression): Unknown {
  const claim = claimOf(part)
  const answers = claim === null ? answersOf(part) : answersTo(claim)
  return { key: written(part), answers, claim, overrun: null, part }
}

const any: readonly Truth[] = [true, false, null]
const certain: readonly Truth[] = [true, false]

function answersOf(part: Expression): readonly Truth[] {
  return part.op === 'simple' && part.test !== 'matches' ? certain : any
}

function answersTo({ about, path }: Claim): readonly Truth[] {
  const usual = alwaysThere.get(path.join('.'))
  return usual !== undefined && (about === 'value' || usual === needed[about]) ? certain : any
}

/** What a field must hold for what is said about it. */
const needed = { order: 'number', truth: 'boolean', presence: '' } as const

/** The fields that every call has, and what they hold. */
const alwaysThere: ReadonlyMap<string, string> = new Map(
  Object.entries(factsOf({})).flatMap(([root, fields]) =>
    root === 'args'
      ? []
      : Object.entries(fields).map(([field, value]) => [`${root}.${field}`, typeof value] as const),
  ),
)

function claimOf(part: Expression): Claim | null {
  const atom = atomOf(part)
  const subject: Expression = JSON.parse(atom.subject)
  if (subject.op === 'select' && subject.test === true) {
    const { test: _, ...field } = subject
    return claimOn(field, 'presence', atom)
  }
  if (part.op !== 'call') return claimOn(subject, 'truth', atom)
  return claimOn(subject, 'bound' in atom ? 'order' : 'value', atom)
}

function claimOn(field: Expression, about: Claim['about'], atom: Atom): Claim | null {
  const path = pathOf(field)
  // A number that is no instant cannot be read as one, so the field alone does not say.
  if (path === null || ('as' in field && field.as === 'timestamp')) return null
  return { path, field: written(field), about, atom }
}

/** Whether two unknowns may have these answers at once; true where that is not known. */
export function mayBoth(a: Unknown, x: Truth, b: Unknown, y: Truth): boolean {
  if (a.overrun !== null && b.overrun !== null) {
    if (x === true && y === false) return !begins(a.overrun, b.overrun)
    return !(x === false && y === true && begins(b.overrun, a.overrun))
  }
  if (a.claim === null || b.claim === null || a.claim.field !== b.claim.field) return true
  return claimsAgree(a.claim, x, b.claim, y)
}

function claimsAgree(a: Claim, x: Truth, b: Claim, y: Truth): boolean {
  const [one, other] = [isThere(a, x), isThere(b, y)]
  if (one !== null && other !== null && one !== other) return false
  if (a.about === 'presence' || b.about === 'presence') return true
  if (x === null || y === null) {
    // Whether numbers can be compared with a field depends on the field alone.
    return !(a.about === 'order' && b.about === 'order' && x !== y)
  }
  return !contradict(x ? a.atom : negate(a.atom), y ? b.atom : negate(b.atom))
}

/** Whether the field is there when this is the answer; null when that does not follow. */
function isThere({ about }: Claim, answer: Truth): boolean | null {
  if (about === 'presence') return answer === true
  if (answer !== null) return true
  return about === 'value' ? false : null
}

/**
 * Whether evaluating `whole` begins with evaluating `part`, so that it takes at least as many steps: chains are
 * evaluated from the left, and stop where the rest cannot matter.
 */
function begins([part]: readonly Chain[], whole: readonly Chain[]): boolean {
  return whole.some(({ operator, steps }) => {
    const asSteps = part?.operator === operator ? part.steps : [part?.text]
    return asSteps.every((step, i) => step === steps[i])
  })
}

/** A condition as the steps of a chain of one operator, or as the only step, and then its first step in the same way. */
function chains(condition: Expression): readonly Chain[] {
  const operator = operatorOf(condition)
  const [first = condition, ...rest] = operator === '' ? [] : chain(condition, operator)
  const text = written(condition)
  if (rest.length === 0) return [{ operator, text, steps: [text] }]
  return [{ operator, text, steps: [first, ...rest].map(written) }, ...chains(first)]
}

interface Chain {
  readonly operator: string
  readonly text: string
  readonly steps: readonly string[]
}

function operatorOf(node: Expression): string {
  return node.op === 'call' && (node.fn === '_&&_' || node.fn === '_||_') ? node.fn : ''
}

function chain(node: Expression, operator: string): readonly Expression[] {
  if (node.op !== 'call' || node.fn !== operator) return [node]
  return node.args.flatMap(arg => chain(arg, operator))
}
