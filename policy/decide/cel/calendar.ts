import { type Duration, split, type Timestamp } from './time.ts'
import { formatOf, type Zones } from './zones.ts'

/** A part of an instant in a time zone, by the name of its accessor. */
export const calendarParts: ReadonlyMap<string, (local: Date) => number> = new Map([
  ['getFullYear', (local: Date) => local.getUTCFullYear()],
  ['getMonth', (local: Date) => local.getUTCMonth()],
  ['getDate', (local: Date) => local.getUTCDate()],
  ['getDayOfMonth', (local: Date) => local.getUTCDate() - 1],
  ['getDayOfWeek', (local: Date) => local.getUTCDay()],
  ['getDayOfYear', dayOfYear],
  ['getHours', (local: Date) => local.getUTCHours()],
  ['getMinutes', (local: Date) => local.getUTCMinutes()],
  ['getSeconds', (local: Date) => local.getUTCSeconds()],
  ['getMilliseconds', (local: Date) => local.getUTCMilliseconds()],
])

/** A duration in whole units, by the name of its accessor; milliseconds are those within the second. */
export const durationParts: ReadonlyMap<string, (duration: Duration) => bigint> = new Map([
  ['getHours', ({ nanos }: Duration) => nanos / 3_600_000_000_000n],
  ['getMinutes', ({ nanos }: Duration) => nanos / 60_000_000_000n],
  ['getSeconds', ({ nanos }: Duration) => nanos / 1_000_000_000n],
  ['getMilliseconds', ({ nanos }: Duration) => (nanos / 1_000_000n) % 1000n],
])

function dayOfYear(local: Date): number {
  const start = new Date(local)
  start.setUTCMonth(0, 1)
  return Math.round((local.getTime() - start.getTime()) / 86_400_000)
}

/** The wall clock of a zone at an instant, as a Date whose UTC fields it is; null for an unknown zone. */
export function localDate(time: Timestamp, zone: string, zones: Zones): Date | null {
  const [seconds, nanos] = split(time.nanos)
  const millis = Number(seconds) * 1000 + Number(nanos / 1_000_000n)
  const offset = offsetMillis(millis, zone, zones)
  return offset === null ? null : new Date(millis + offset)
}

const numericZone = /^([+-]?)(\d{2}):(\d{2})$/

function offsetMillis(millis: number, zone: string, zones: Zones): number | null {
  if (zone === 'UTC') return 0
  const match = numericZone.exec(zone)
  if (match === null) return namedOffset(millis, zone, zones)
  const minutes = Number(match[2]) * 60 + Number(match[3])
  if (Number(match[2]) > 23 || Number(match[3]) > 59) return null
  return (match[1] === '-' ? -1 : 1) * minutes * 60_000
}

function namedOffset(millis: number, zone: string, zones: Zones): number | null {
  const format = formatOf(zones, zone)
  if (format === null) return null
  const parts = new Map(format.formatToParts(millis).map(({ type, value }) => [type, value]))
  const number = (name: Intl.DateTimeFormatPartTypes) => Number(parts.get(name))
  const year = parts.get('era') === 'BC' ? 1 - number('year') : number('year')
  const local = new Date(0)
  local.setUTCFullYear(year, number('month') - 1, number('day'))
  local.setUTCHours(number('hour'), number('minute'), number('second'))
  return local.getTime() - Math.floor(millis / 1000) * 1000
}
