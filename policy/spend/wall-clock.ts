/**
 * What clocks on the wall of a time zone show: the instant of UTC that has the same date and time of day, in ms. Throws
 * a RangeError when the zone is not known.
 */
export function wallClock(timeZone: string): (instant: number) => number {
  if (timeZone === 'UTC') return instant => instant
  const format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn-hc-h23', {
    timeZone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return instant => {
    const at: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {}
    for (const { type, value } of format.formatToParts(instant)) at[type] = Number(value)
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = at
    const seconds = Date.UTC(year, month - 1, day, hour, minute, second)
    return seconds + (((instant % 1000) + 1000) % 1000)
  }
}

const dayMs = 86_400_000

/** The first instant at which clocks on the wall show a time, or where they skip it, the first later one. */
export function firstInstant(clock: (instant: number) => number, wall: number): number {
  const before = wall - dayMs
  const after = wall + dayMs
  const early = wall - (clock(before) - before)
  const late = wall - (clock(after) - after)
  const shown = [early, late].filter(instant => clock(instant) === wall)
  return shown.length > 0 ? Math.min(...shown) : endOfGap(clock, wall, late, early)
}

/** Somewhere after `low`, and at `high` at the latest, clocks jump over `wall`; looks for the instant at which they do. */
function endOfGap(
  clock: (instant: number) => number,
  wall: number,
  low: number,
  high: number,
): number {
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (clock(middle) < wall) low = middle
    else high = middle
  }
  return high
}
