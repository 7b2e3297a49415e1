import type { Ask } from './conditions.ts'
import { burn, type Fuel } from './fuel.ts'
import { mayBoth, type Truth, type Unknown } from './unknown.ts'

/** An answer that is supposed. */
export interface Supposed {
  readonly unknown: Unknown
  readonly answer: Truth
}

interface Step extends Supposed {
  /** Answers that are still to be tried. */
  readonly rest: readonly Truth[]
}

/**
 * Runs something again and again until it has seen every case: every choice of answers to what it asks for that may
 * be true at once. It must ask for the same things where it gets the same answers. False when the fuel ran out, so
 * that cases are missing.
 */
export function eachCase(
  run: (ask: Ask, supposed: () => readonly Supposed[]) => void,
  fuel: Fuel,
): boolean {
  const steps: Step[] = []
  const answers = new Map<Unknown, Truth>()
  const ask: Ask = unknown => {
    fuel.left--
    const known = answers.get(unknown)
    return known === undefined ? suppose(unknown) : known
  }
  const suppose = (unknown: Unknown): Truth => {
    fuel.left -= steps.length
    const agrees = (answer: Truth) =>
      steps.every(step => mayBoth(step.unknown, step.answer, unknown, answer))
    return take(unknown, unknown.answers.filter(agrees))
  }
  const take = (unknown: Unknown, [answer = null, ...rest]: readonly Truth[]): Truth => {
    steps.push({ unknown, answer, rest })
    answers.set(unknown, answer)
    return answer
  }
  while (burn(fuel, 1)) {
    run(ask, () => [...steps])
    while (steps.at(-1)?.rest.length === 0) answers.delete((steps.pop() as Step).unknown)
    const last = steps.pop()
    if (last === undefined) return true
    take(last.unknown, last.rest)
  }
  return false
}
