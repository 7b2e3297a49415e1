import { int, noOverload, uint } from './arithmetic.ts'
import { type Frame, spendSize } from './frame.ts'
import {
  Duration,
  formatDuration,
  formatTimestamp,
  parseDuration,
  parseTimestamp,
  split,
  Timestamp,
  timestampOf,
} from './time.ts'
import { Fault, numeric, type Outcome, TypeName, typeOf, type Uint, type Value } from './value.ts'

const outOfRange = new Fault('the number is outside of the range of the type')

export function toInt(_: Frame, value: Value): Outcome {
  if (value instanceof Timestamp) return split(value.nanos)[0]
  const whole = wholeNumber(value, /^[+-]?\d{1,20}$/)
  if (whole === null) return noOverload('int', value)
  if (whole instanceof Fault) return whole
  // The specification leaves out the ends of the range for doubles, which cannot name them exactly.
  if (typeof value === 'number' && Math.abs(value) >= 2 ** 63) return outOfRange
  return int(whole)
}

export function toUint(_: Frame, value: Value): Outcome {
  const whole = wholeNumber(value, /^\+?\d{1,20}$/)
  if (whole === null) return noOverload('uint', value)
  return whole instanceof Fault ? whole : uint(whole)
}

function wholeNumber(value: Value, text: RegExp): bigint | Fault | null {
  const number = numeric(value)
  if (typeof number === 'bigint') return number
  if (typeof number === 'number') {
    return Number.isFinite(number) ? BigInt(Math.trunc(number)) : outOfRange
  }
  if (typeof value !== 'string') return null
  return text.test(value) ? BigInt(value.replace('+', '')) : new Fault('the text is not an integer')
}

const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/
const words: ReadonlyMap<string, number> = new Map([
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['infinity', Number.POSITIVE_INFINITY],
  ['+inf', Number.POSITIVE_INFINITY],
  ['+infinity', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['-infinity', Number.NEGATIVE_INFINITY],
])

export function toDouble(frame: Frame, value: Value): Outcome {
  const number = numeric(value)
  if (number !== undefined) return Number(number)
  if (typeof value !== 'string') return noOverload('double', value)
  spendSize(frame, value.length)
  if (decimal.test(value)) return Number(value)
  return words.get(value.toLowerCase()) ?? new Fault('the text is not a number')
}

const truths: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map(word => [word, true] as const),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map(word => [word, false] as const),
])

export function toBool(_: Frame, value: Value): Outcome {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string') return noOverload('bool', value)
  return truths.get(value) ?? new Fault('the text is neither true nor false')
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function toText(frame: Frame, value: Value): Outcome {
  switch (typeOf(value)) {
    case 'string':
      return value
    case 'bool':
    case 'int':
      return String(value)
    case 'double':
      return formatDouble(value as number)
    case 'uint':
      return String((value as Uint).value)
    case 'bytes':
      return decode(frame, value as Uint8Array)
    case 'google.protobuf.Timestamp':
      return formatTimestamp(value as Timestamp)
    case 'google.protobuf.Duration':
      return formatDuration(value as Duration)
    case 'null_type':
    case 'list':
    case 'map':
    case 'type':
      return noOverload('string', value)
  }
}

/** A double as text: the shortest that reads back the same, with Go's exponents. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2')
}

function decode(frame: Frame, bytes: Uint8Array): Outcome {
  spendSize(frame, bytes.length)
  try {
    return utf8.decode(bytes)
  } catch {
    return new Fault('the bytes are not UTF-8')
  }
}

export function toBytes(frame: Frame, value: Value): Outcome {
  if (value instanceof Uint8Array) return value
  if (typeof value !== 'string') return noOverload('bytes', value)
  spendSize(frame, value.length)
  return new TextEncoder().encode(value)
}

export function toTimestamp(_: Frame, value: Value): Outcome {
  if (value instanceof Timestamp) return value
  if (typeof value === 'bigint') return timestampOf(value * 1_000_000_000n) ?? outOfRange
  if (typeof value !== 'string') return noOverload('timestamp', value)
  return parseTimestamp(value) ?? new Fault('the text is not a timestamp (RFC 3339)')
}

export function toDuration(_: Frame, value: Value): Outcome {
  if (value instanceof Duration) return value
  if (typeof value !== 'string') return noOverload('duration', value)
  return parseDuration(value) ?? new Fault('the text is not a duration such as 90s or 1h30m')
}

export function toType(_: Frame, value: Value): Outcome {
  return new TypeName(typeOf(value))
}
