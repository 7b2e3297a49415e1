import { isMap, lookup } from './equal.ts'
import type { Frame } from './frame.ts'
import { Fault, type JsonObject, nowhere, type Outcome, typeOf, type Value } from './value.ts'

/** The variables of an evaluation: every one that was `known` when it was planned. */
export type Scope = Readonly<Record<string, Value>>

/** An expression made ready: total, except that it throws `OutOfFuel`. */
export type Eval = (scope: Scope, frame: Frame) => Outcome

/** A range of characters in the source. */
export type At = readonly [start: number, end: number]

/** What is known while an expression is made ready. */
export interface Names {
  /** Variables of the macros around, outermost first; each lives in the slot of its index. */
  readonly slots: readonly string[]
  /** How much is known of a variable, or of a field of one as `request.time`. */
  readonly variable: (path: string) => 'known' | 'unknown' | 'none'
  /** Put around every part of the expression, where something has to be. */
  readonly guard?: (run: Eval) => Eval
}

export function isFault(outcome: Outcome): outcome is Fault {
  return typeof outcome === 'object' && outcome instanceof Fault
}

/** Says where a fault arose, unless it is known already. */
export function located(outcome: Outcome, at: At): Outcome {
  if (!isFault(outcome) || outcome.at !== nowhere) return outcome
  return new Fault(outcome.message, at, outcome.unknown)
}

/** Of two faults the one that may still go away. */
export function stronger(a: Fault | null, b: Fault | null): Fault | null {
  return a === null || (b?.unknown && !a.unknown) ? b : a
}

/** The fault of something that had to be true or false. */
export function notBool(value: Value, at: At): Fault {
  return new Fault(`a bool is needed here, not ${typeOf(value)}`, at)
}

/** Whether a value is an object as JSON.parse makes them, as far as a quick look can tell; it takes no other for one. */
export function isPlain(value: Outcome): value is JsonObject {
  // Asking for the prototype costs more. An own key of this name makes the look fail, never pass.
  return typeof value === 'object' && value !== null && value.constructor === Object
}

/** `base.field`; `missing` when there is none. A record of the call and a JSON object are the same. */
export function fieldOf(base: Outcome, field: string, missing: Fault): Outcome {
  if (isPlain(base)) return Object.hasOwn(base, field) ? (base[field] as Value) : missing
  if (isFault(base)) return base
  if (!isMap(base)) return fieldless(base, missing)
  const found = lookup(base, field)
  return found === undefined ? missing : found
}

function fieldless(base: Value, missing: Fault): Fault {
  return new Fault(`a field is read from ${typeOf(base)}, which has none`, missing.at)
}
