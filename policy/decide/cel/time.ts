const nanosPerSecond = 1_000_000_000n
const minSeconds = -62_135_596_800n
const maxSeconds = 253_402_300_799n
const maxInt = 2n ** 63n - 1n

/** An instant with nanoseconds since 1970, between the years 1 and 9999. */
export class Timestamp {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

/** A length of time in nanoseconds, in the range of an int64. */
export class Duration {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

export function isTimestamp(value: unknown): value is Timestamp {
  return value instanceof Timestamp
}

export function isDuration(value: unknown): value is Duration {
  return value instanceof Duration
}

/** The timestamp so many nanoseconds after 1970, or null outside of the years 1 to 9999. */
export function timestampOf(nanos: bigint): Timestamp | null {
  const inRange = nanos >= minSeconds * nanosPerSecond && nanos < (maxSeconds + 1n) * nanosPerSecond
  return inRange ? new Timestamp(nanos) : null
}

/** The duration of so many nanoseconds, or null when it does not fit. */
export function durationOf(nanos: bigint): Duration | null {
  return nanos >= -maxInt - 1n && nanos <= maxInt ? new Duration(nanos) : null
}

/** The timestamp of a clock that counts milliseconds; null when that is no instant. */
export function timestampOfMillis(millis: number): Timestamp | null {
  return Number.isFinite(millis) ? timestampOf(BigInt(Math.trunc(millis * 1000)) * 1000n) : null
}

const rfc3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/

/** Reads RFC 3339; null when the text is not an instant of the calendar. */
export function parseTimestamp(text: string): Timestamp | null {
  const match = rfc3339.exec(text)
  if (match === null) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number)
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second)
  const written = [
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ]
  if (written.join() !== [month, day, hour, minute, second].join()) return null
  const offset = offsetMinutes(match[8], match[9], match[10])
  if (offset === null) return null
  const seconds = BigInt(date.getTime() / 1000 - offset * 60)
  return timestampOf(seconds * nanosPerSecond + BigInt((match[7] ?? '').padEnd(9, '0')))
}

function offsetMinutes(sign = '+', hours = '0', minutes = '0'): number | null {
  const [h, m] = [Number(hours), Number(minutes)]
  if (h > 23 || m > 59) return null
  return (sign === '-' ? -1 : 1) * (h * 60 + m)
}

/** Writes RFC 3339 in UTC, with as many digits of the second as are needed. */
export function formatTimestamp({ nanos }: Timestamp): string {
  const [seconds, rest] = split(nanos)
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
  return `${text}${fraction(rest)}Z`
}

/** Seconds, rounded down, and the nanoseconds that are left. */
export function split(nanos: bigint): readonly [seconds: bigint, nanos: bigint] {
  const rest = ((nanos % nanosPerSecond) + nanosPerSecond) % nanosPerSecond
  return [(nanos - rest) / nanosPerSecond, rest]
}

function fraction(nanos: bigint): string {
  return nanos === 0n ? '' : `.${nanos.toString().padStart(9, '0').replace(/0+$/, '')}`
}

const unitNanos = {
  h: 3600n * nanosPerSecond,
  m: 60n * nanosPerSecond,
  s: nanosPerSecond,
  ms: 1_000_000n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ns: 1n,
} as const

const part = /(\d{0,20})(?:\.(\d{0,20}))?(h|ms|us|µs|μs|ns|m|s)/gy

/** Reads a duration as Go writes them, for example 1h30m, 1.5s or -10ms; null when it is none. */
export function parseDuration(text: string): Duration | null {
  if (text.length > 128) return null
  const sign = /^[+-]/.exec(text)?.[0] ?? ''
  const body = text.slice(sign.length)
  if (body === '0') return new Duration(0n)
  let nanos = 0n
  let read = 0
  for (const [whole, int = '', decimals = '', unit] of body.matchAll(part)) {
    if (int === '' && decimals === '') return null
    read += whole.length
    const scale = unitNanos[unit as keyof typeof unitNanos]
    nanos += BigInt(int) * scale + (BigInt(decimals) * scale) / 10n ** BigInt(decimals.length)
  }
  if (read === 0 || read !== body.length) return null
  return durationOf(sign === '-' ? -nanos : nanos)
}

/** Writes a duration in seconds, for example 90s or 0.5s. */
export function formatDuration({ nanos }: Duration): string {
  const size = nanos < 0n ? -nanos : nanos
  const [seconds, rest] = split(size)
  return `${nanos < 0n ? '-' : ''}${seconds}${fraction(rest)}s`
}
