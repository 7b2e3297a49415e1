import { type Kysely, sql } from 'kysely'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import type { Database } from '../store/database.ts'
import { daysAhead, makeDay, recordDays, startOf } from '../store/record-days.ts'
import { deleteDay } from './delete-day.ts'
import { type DeletedRows, deleteRows } from './delete-rows.ts'
import { deleteUsage } from './delete-usage.ts'
import { allBefore, type Expired, expiredBy, type Retention } from './retention.ts'

export interface KeepRetentionNeeds {
  readonly db: Kysely<Database>
  readonly retention: Retention
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told of how many entries were deleted, and how many days as a whole. */
  readonly onDeleted: (deleted: Deleted) => void
  readonly onFailure: (error: unknown) => void
}

export interface Deleted {
  readonly entries: number
  readonly days: number
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Looks after the days of the ledger every hour: makes those that come, and deletes what is kept no longer. */
export function keepRetention(needs: KeepRetentionNeeds): Service & {
  /** Does so once, as far as it can be done now. */
  look(signal?: AbortSignal): Promise<Deleted>
} {
  const done = new Set<string>()
  const look = (signal = new AbortController().signal) => lookOnce(needs, done, signal)
  return {
    name: 'retention of records',
    look,
    async run(signal) {
      while (!signal.aborted) {
        await look(signal).then(
          deleted => {
            if (deleted.entries > 0) needs.onDeleted(deleted)
          },
          error => {
            if (!signal.aborted) needs.onFailure(error)
          },
        )
        await wait(hourMs, signal)
      }
    },
  }
}

/** `done` holds the days in which nothing is left that may go, with whose it would be. */
async function lookOnce(
  needs: KeepRetentionNeeds,
  done: Set<string>,
  signal: AbortSignal,
): Promise<Deleted> {
  const { db, retention, now } = needs
  await makeDays(needs)
  const whole = await deleteDays(needs, signal)
  const spans = await spansOf(db)
  let { entries } = whole
  for (const expired of expiredBy(retention, now())) {
    const name = ({ from }: Span) => `${from} ${expired.namespace ?? ''}`
    for (const span of spans.filter(span => span.from < expired.before && !done.has(name(span)))) {
      const { count, isAll } = await deleteIn(needs, expired, span, signal)
      entries += count
      if (isAll && span.to <= expired.before) done.add(name(span))
    }
    while (!signal.aborted && (await deleteUsage(db, expired, now())) > 0);
  }
  return { entries, days: whole.days }
}

async function makeDays({ db, now }: KeepRetentionNeeds): Promise<void> {
  for (const day of daysAhead(now())) {
    await db.transaction().execute(async db => {
      await sql`set local lock_timeout = '3s'`.execute(db)
      await makeDay(db, day)
    })
  }
}

/** A stretch of time, ms since 1970: `from` is in it, `to` is not. */
interface Span {
  readonly from: number
  readonly to: number
}

async function deleteIn(
  { db, now }: KeepRetentionNeeds,
  expired: Expired,
  span: Span,
  signal: AbortSignal,
): Promise<DeletedRows> {
  let count = 0
  while (!signal.aborted) {
    const some = await deleteRows(db, expired, span, new Date(now()))
    count += some.count
    if (some.count === 0) return { count, isAll: some.isAll }
  }
  return { count, isAll: false }
}

async function deleteDays(
  { db, retention, now }: KeepRetentionNeeds,
  signal: AbortSignal,
): Promise<Deleted> {
  const before = allBefore(retention, now())
  let deleted: Deleted = { entries: 0, days: 0 }
  if (before === null) return deleted
  for (const day of await recordDays(db)) {
    if (signal.aborted || startOf(day.day) + dayMs > before) break
    const entries = await deleteDay(db, day, new Date(now()))
    if (entries !== null) deleted = { entries: deleted.entries + entries, days: deleted.days + 1 }
  }
  return deleted
}

/** When the first entry may be from, ms since 1970. */
const earliest = Date.parse('0001-01-01T00:00:00Z')

/** All the time before the first day, and from each day on until the next. */
async function spansOf(db: Kysely<Database>): Promise<readonly Span[]> {
  const starts = [earliest, ...(await recordDays(db)).map(({ day }) => startOf(day))]
  return starts.map((from, i) => ({ from, to: starts[i + 1] ?? from + dayMs }))
}
