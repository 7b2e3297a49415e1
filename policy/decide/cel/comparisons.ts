import { noOverload } from './arithmetic.ts'
import { equal, order } from './equal.ts'
import type { Frame } from './frame.ts'
import type { Outcome, Value } from './value.ts'

/** A function on two values that are there. */
export type Binary = (frame: Frame, a: Value, b: Value) => Outcome

/** The operators that compare. */
export type Comparison = '_==_' | '_!=_' | '_<_' | '_<=_' | '_>_' | '_>=_'

export const comparisons: Readonly<Record<Comparison, Binary>> = {
  '_==_': (frame, a, b) => equal(a, b, frame),
  '_!=_': (frame, a, b) => !equal(a, b, frame),
  '_<_': ordered('<', result => result < 0),
  '_<=_': ordered('<=', result => result <= 0),
  '_>_': ordered('>', result => result > 0),
  '_>=_': ordered('>=', result => result >= 0),
}

function ordered(name: string, holds: (order: number) => boolean): Binary {
  return (frame, a, b) => {
    const result = order(a, b, frame)
    return result === null ? noOverload(name, a, b) : holds(result)
  }
}
