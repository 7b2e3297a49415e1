import type { Expression } from '../../../schemas/expression.ts'
import type { Facts } from '../facts.ts'
import { Unknown } from '../unknown.ts'
import { follow } from './branch.ts'
import { type Eval, isFault, type Scope } from './eval.ts'
import { ready } from './evaluate.ts'
import { newFrame } from './frame.ts'
import { planBranches } from './plan-branch.ts'
import { show } from './show.ts'
import { Fault, nowhere, type Outcome, typeOf } from './value.ts'

/** Why a condition has no answer, and which characters of it are to blame. Never holds a value of the call. */
export interface ConditionError {
  readonly message: string
  readonly at: readonly [start: number, end: number]
}

/** A condition made ready. Total: every call gets an answer or an error. */
export type Condition = (facts: Facts) => boolean | ConditionError

const variables: ReadonlySet<string> = new Set([
  'args',
  'tool',
  'model',
  'resource',
  'prompt',
  'request',
  'subject',
  'session',
] satisfies (keyof Facts)[])

const known = (path: string) => (variables.has(path) ? 'known' : 'none')

/** What a call that is only being listed does not have yet. */
const later: ReadonlySet<string> = new Set(['args', 'request.time', 'request.justification'])

const visible = (path: string) => (later.has(path) ? 'unknown' : known(path))

/** Makes a condition ready to judge calls; conditions that are asked one after the other may share a frame. */
export function plan(expression: Expression, frame = newFrame()): Condition {
  const start = planBranches(expression, variables)
  const run = ready(expression, known, frame)
  return facts => {
    const answer = start === null ? null : follow(start, scopeOf(facts))
    if (answer !== null) return answer
    const outcome = run(scopeOf(facts))
    return typeof outcome === 'boolean' ? outcome : errorOf(outcome, expression)
  }
}

/** Makes a condition ready to say whether a call could match before its arguments are known. */
export function planVisible(
  expression: Expression,
  frame = newFrame(),
): (facts: Facts) => boolean | 'unknown' {
  const run = ready(expression, visible, frame)
  return facts => {
    const outcome = run(scopeOf(facts))
    return isFault(outcome) && outcome.unknown ? 'unknown' : outcome === true
  }
}

/**
 * Makes a condition ready to be asked about calls of which parts are not known: the `Unknown` on which its answer hangs,
 * where there is one.
 */
export function planCautious(
  expression: Expression,
  frame = newFrame(),
): (facts: Facts) => boolean | ConditionError | Unknown {
  const met: Unknown[] = []
  const run = ready(expression, known, frame, part => meeting(part, met))
  return facts => {
    met.length = 0
    const outcome = run(scopeOf(facts))
    if (typeof outcome === 'boolean') return outcome
    // Had it been known, the error might not have been come to.
    return met[0] ?? errorOf(outcome, expression)
  }
}

/** A part that meets something unknown has a value only once that is known. */
function meeting(part: Eval, met: Unknown[]): Eval {
  return (scope, frame) => {
    try {
      return part(scope, frame)
    } catch (error) {
      if (!(error instanceof Unknown)) throw error
      met.push(error)
      return unsure
    }
  }
}

const unsure = new Fault('is not known', nowhere, true)

/**
 * The parts of a condition and what each was for a call, outermost first; bodies of macros left out. Parts of the call
 * may be unknown.
 */
export function traceParts(
  expression: Expression,
  source: string,
  facts: Facts,
): readonly { readonly text: string; readonly value: string }[] {
  return partsOf(expression).map(part => ({
    text: source.slice(...part.at),
    value: shownPart(part, facts),
  }))
}

function shownPart(part: Expression, facts: Facts): string {
  const met: Unknown[] = []
  const run = ready(part, known, newFrame(), inner => meeting(inner, met))
  const outcome = run(scopeOf(facts))
  const [unknown] = met
  if (isFault(outcome) && unknown !== undefined) return `not known: ${unknown.why}`
  try {
    return show(outcome)
  } catch (error) {
    // An object is known, and something in it is not.
    if (error instanceof Unknown) return `not known: ${error.why}`
    throw error
  }
}

function partsOf(node: Expression): readonly Expression[] {
  switch (node.op) {
    case 'call':
      return [node, ...node.args.flatMap(partsOf)]
    case 'select':
      return [node, ...(node.of.op === 'ident' ? [] : partsOf(node.of))]
    case 'index':
      return [node, ...partsOf(node.of), ...partsOf(node.key)]
    case 'list':
      return node.items.flatMap(partsOf)
    case 'map':
      return node.entries.flat().flatMap(partsOf)
    case 'all':
    case 'exists':
    case 'exists_one':
    case 'map_items':
    case 'filter':
      return [node, ...partsOf(node.over)]
    case 'simple':
      return [node]
    default:
      return []
  }
}

function scopeOf(facts: Facts): Scope {
  return facts as unknown as Scope
}

function errorOf(outcome: Outcome, { at }: Expression): ConditionError {
  if (!isFault(outcome)) return { message: `the condition is no bool but ${typeOf(outcome)}`, at }
  return { message: outcome.message, at: outcome.at }
}
