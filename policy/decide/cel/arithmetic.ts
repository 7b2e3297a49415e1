import { type Frame, spendSize } from './frame.ts'
import { Duration, durationOf, Timestamp, timestampOf } from './time.ts'
import { Fault, isList, type Outcome, typeOf, Uint, type Value } from './value.ts'

const minInt = -(2n ** 63n)
const maxInt = 2n ** 63n - 1n
const maxUint = 2n ** 64n - 1n

/** An int, or the fault that it has more than 64 bits. */
export function int(value: bigint): Outcome {
  return value >= minInt && value <= maxInt ? value : new Fault('the int overflows 64 bits')
}

/** A uint, or the fault that it is negative or has more than 64 bits. */
export function uint(value: bigint): Outcome {
  return value >= 0n && value <= maxUint ? new Uint(value) : new Fault('the uint overflows 64 bits')
}

/** The fault of an operation that does not exist for what it was given. */
export function noOverload(name: string, ...operands: readonly Value[]): Fault {
  return new Fault(`${name} does not take ${operands.map(typeOf).join(' and ')}`)
}

type Operation = '+' | '-' | '*' | '/' | '%'

const onBigints: Record<Operation, (a: bigint, b: bigint) => bigint> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
}

const onDoubles: Partial<Record<Operation, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
}

/** `a op b` on two numbers of one type; null when that is not what they are. */
function onNumbers(operation: Operation, a: Value, b: Value): Outcome | null {
  if (typeof a === 'bigint' && typeof b === 'bigint') return onInts(operation, a, b, int)
  if (a instanceof Uint && b instanceof Uint) return onInts(operation, a.value, b.value, uint)
  if (typeof a !== 'number' || typeof b !== 'number') return null
  return onDoubles[operation]?.(a, b) ?? null
}

function onInts(
  operation: Operation,
  a: bigint,
  b: bigint,
  fit: (value: bigint) => Outcome,
): Outcome {
  const divides = operation === '/' || operation === '%'
  if (divides && b === 0n) return new Fault('division by zero')
  // The quotient does not fit, and so the specification gives no remainder either.
  if (operation === '%' && a === minInt && b === -1n) return int(-minInt)
  return fit(onBigints[operation](a, b))
}

export function add(frame: Frame, a: Value, b: Value): Outcome {
  if (typeof a === 'string' && typeof b === 'string') {
    spendSize(frame, a.length + b.length)
    return a + b
  }
  return onNumbers('+', a, b) ?? addTimes(a, b) ?? concat(frame, a, b) ?? noOverload('+', a, b)
}

export function subtract(_: Frame, a: Value, b: Value): Outcome {
  return onNumbers('-', a, b) ?? subtractTimes(a, b) ?? noOverload('-', a, b)
}

export function multiply(_: Frame, a: Value, b: Value): Outcome {
  return onNumbers('*', a, b) ?? noOverload('*', a, b)
}

export function divide(_: Frame, a: Value, b: Value): Outcome {
  return onNumbers('/', a, b) ?? noOverload('/', a, b)
}

export function modulo(_: Frame, a: Value, b: Value): Outcome {
  return onNumbers('%', a, b) ?? noOverload('%', a, b)
}

export function negate(_: Frame, a: Value): Outcome {
  if (typeof a === 'number') return -a
  return typeof a === 'bigint' ? int(-a) : noOverload('-', a)
}

function concat(frame: Frame, a: Value, b: Value): Outcome | null {
  if (isList(a) && isList(b)) {
    spendSize(frame, (a.length + b.length) * 64)
    return [...a, ...b]
  }
  if (!(a instanceof Uint8Array && b instanceof Uint8Array)) return null
  spendSize(frame, a.length + b.length)
  return Uint8Array.from([...a, ...b])
}

const outOfRange = new Fault('the result is outside of the range of times')

function addTimes(a: Value, b: Value): Outcome | null {
  if (a instanceof Duration && b instanceof Timestamp) return addTimes(b, a)
  if (!(b instanceof Duration)) return null
  if (a instanceof Timestamp) return timestampOf(a.nanos + b.nanos) ?? outOfRange
  return a instanceof Duration ? (durationOf(a.nanos + b.nanos) ?? outOfRange) : null
}

function subtractTimes(a: Value, b: Value): Outcome | null {
  if (a instanceof Timestamp && b instanceof Timestamp) {
    return durationOf(a.nanos - b.nanos) ?? outOfRange
  }
  return b instanceof Duration ? addTimes(a, new Duration(-b.nanos)) : null
}
