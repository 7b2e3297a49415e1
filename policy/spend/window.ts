import type { BudgetWindow } from '../../schemas/rule-table.ts'
import { firstInstant, wallClock } from './wall-clock.ts'

/** A stretch of time in which a counter grows. */
export interface Window {
  /** The instant at which it began, ISO 8601 in UTC; empty for session and total. */
  readonly start: string
  /** The first instant after it, ms since 1970; Infinity for session and total. */
  readonly end: number
}

const endless: Window = { start: '', end: Number.POSITIVE_INFINITY }

/**
 * The windows of a kind in a time zone, by instant in ms since 1970. They follow the clocks on the wall and leave no
 * gap: an hour that clocks show twice is one window, an hour that they skip is none, a week begins on Monday. Throws a
 * RangeError when the zone is not known.
 */
export function windows(kind: BudgetWindow, timeZone: string): (now: number) => Window {
  if (kind === 'session' || kind === 'total') return () => endless
  const clock = wallClock(timeZone)
  const { begin, next } = calendar[kind]
  let began = Number.POSITIVE_INFINITY
  let window = endless
  return now => {
    // Most calls fall into the window of the one before, and calendars are slow.
    if (now >= began && now < window.end) return window
    const wall = begin(clock(now))
    began = firstInstant(clock, wall)
    window = { start: new Date(began).toISOString(), end: firstInstant(clock, next(wall)) }
    return window
  }
}

interface Calendar {
  /** The time on the wall at which the window began that a time on the wall is in. */
  readonly begin: (wall: number) => number
  /** The time on the wall at which the window after the one that began then begins. */
  readonly next: (begin: number) => number
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** 1970-01-05 was the first Monday. */
const mondayMs = 4 * dayMs

const calendar: Readonly<Record<'hour' | 'day' | 'week' | 'month', Calendar>> = {
  hour: every(hourMs, 0),
  day: every(dayMs, 0),
  week: every(7 * dayMs, mondayMs),
  month: { begin: wall => month(wall, 0), next: begin => month(begin, 1) },
}

function every(ms: number, from: number): Calendar {
  return {
    begin: wall => Math.floor((wall - from) / ms) * ms + from,
    next: begin => begin + ms,
  }
}

function month(wall: number, later: number): number {
  const date = new Date(wall)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + later)
}
