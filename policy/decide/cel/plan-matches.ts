import { RE2JS } from 're2js'
import type { CallExpression, Expression } from '../../../schemas/expression.ts'
import { noOverload } from './arithmetic.ts'
import { type Eval, isFault, type Names } from './eval.ts'
import { spend } from './frame.ts'
import { Fault } from './value.ts'

/** An RE2 pattern made ready, or null when it is none. */
export function compilePattern(pattern: string): RE2JS | null {
  try {
    return RE2JS.compile(pattern)
  } catch {
    return null
  }
}

/** `matches` with a constant pattern, which is made ready when it is first needed; null for anything else. */
export function planMatches(
  { fn, args, at }: CallExpression,
  names: Names,
  plan: (node: Expression, names: Names) => Eval,
): Eval | null {
  const [text, pattern] = args
  if (fn !== 'matches' || text === undefined || pattern === undefined) return null
  const subject = plan(text, names)
  const source = pattern.op === 'string' ? pattern.value : null
  let ready: RE2JS | null | undefined
  return (scope, frame) => {
    const value = subject(scope, frame)
    if (isFault(value)) return value
    if (source === null)
      return new Fault('the pattern of matches must be a constant text', pattern.at)
    if (typeof value !== 'string') return new Fault(noOverload('matches', value).message, at)
    if (ready === undefined) ready = compilePattern(source)
    if (ready === null) return new Fault('the pattern of matches is not valid RE2', pattern.at)
    // The time of a search grows with the text and with the pattern.
    spend(frame, 1 + Math.floor((value.length * ready.programSize()) / 256))
    return ready.test(value)
  }
}
