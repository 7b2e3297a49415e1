import { add, divide, modulo, multiply, negate, noOverload, subtract } from './arithmetic.ts'
import { calendarParts, durationParts, localDate } from './calendar.ts'
import { index, isIn, size } from './collections.ts'
import { type Binary, comparisons } from './comparisons.ts'
import {
  toBool,
  toBytes,
  toDouble,
  toDuration,
  toInt,
  toText,
  toTimestamp,
  toType,
  toUint,
} from './convert.ts'
import { format } from './format.ts'
import { type Frame, spend } from './frame.ts'
import {
  charAt,
  contains,
  endsWith,
  indexOf,
  join,
  lastIndexOf,
  lastIndexOfFrom,
  lowerAscii,
  quote,
  replace,
  reverse,
  split,
  startsWith,
  substring,
  substringTo,
  trim,
  upperAscii,
} from './strings.ts'
import { Duration, Timestamp } from './time.ts'
import { Fault, type Outcome, type Value } from './value.ts'

/** A function on one value that is there. */
export type Unary = (frame: Frame, a: Value) => Outcome
/** A function on three or more values that are there. */
export type Many = (frame: Frame, ...values: Value[]) => Outcome

// Methods begin with a dot.
const unary: ReadonlyMap<string, Unary> = new Map<string, Unary>([
  ['-_', negate],
  ['size', size],
  ['.size', size],
  ['int', toInt],
  ['uint', toUint],
  ['double', toDouble],
  ['bool', toBool],
  ['string', toText],
  ['bytes', toBytes],
  ['timestamp', toTimestamp],
  ['duration', toDuration],
  ['type', toType],
  ['dyn', (_, value) => value],
  ['.lowerAscii', lowerAscii],
  ['.upperAscii', upperAscii],
  ['.trim', trim],
  ['.reverse', reverse],
  ['.join', join],
  ['strings.quote', quote],
  ...[...calendarParts].map(([name, part]) => [`.${name}`, ofTime(name, part)] as const),
])

const binary: ReadonlyMap<string, Binary> = new Map<string, Binary>([
  ...Object.entries(comparisons),
  ['_+_', add],
  ['_-_', subtract],
  ['_*_', multiply],
  ['_/_', divide],
  ['_%_', modulo],
  ['@in', isIn],
  ['_[_]', index],
  ['.contains', contains],
  ['.startsWith', startsWith],
  ['.endsWith', endsWith],
  ['.charAt', charAt],
  ['.indexOf', indexOf],
  ['.lastIndexOf', lastIndexOf],
  ['.substring', substring],
  ['.split', split],
  ['.join', join],
  ['.format', format],
  ...[...calendarParts].map(([name, part]) => [`.${name}`, ofZone(name, part)] as const),
])

const many: ReadonlyMap<string, Many> = new Map<string, Many>([
  ['.indexOf/3', indexOf],
  ['.lastIndexOf/3', lastIndexOfFrom],
  ['.substring/3', substringTo],
  ['.replace/3', replace],
  ['.replace/4', replace],
  ['.split/3', split],
])

function ofTime(name: string, part: (local: Date) => number): Unary {
  const inUtc = ofZone(name, part)
  return (frame, time) => {
    if (!(time instanceof Duration)) return inUtc(frame, time, 'UTC')
    return durationParts.get(name)?.(time) ?? noOverload(name, time)
  }
}

function ofZone(name: string, part: (local: Date) => number): Binary {
  return (frame, time, zone) => {
    if (!(time instanceof Timestamp) || typeof zone !== 'string') {
      return noOverload(name, time, zone)
    }
    // Asking for the clock of a zone costs about as much as a thousand steps.
    spend(frame, 1000)
    const local = localDate(time, zone, frame.zones)
    return local === null ? new Fault('there is no such time zone') : BigInt(part(local))
  }
}

/** The function of that name on one operand (the receiver of a method), if there is one. */
export function findUnary(name: string): Unary | null {
  return unary.get(name) ?? null
}

/** The function of that name on two operands, if there is one. */
export function findBinary(name: string): Binary | null {
  return binary.get(name) ?? null
}

/** The function of that name on so many operands, three or more, if there is one. */
export function findMany(name: string, arity: number): Many | null {
  return many.get(`${name}/${arity}`) ?? null
}
