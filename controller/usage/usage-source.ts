import { type RawBuilder, sql } from 'kysely'
import { searchable } from '../ledger/row.ts'
import { callColumns, callWords, sumColumns } from './call-columns.ts'
import { type UsageFilter, type UsageWord, usageColumns } from './usage-filter.ts'

/** Rows of sums to be added up further. */
export interface UsageSource {
  readonly rows: RawBuilder<unknown>
  /** How many calls are looked at at the most; null when all are. */
  readonly most: number | null
}

/** A store that adds up more, call by call, has no time for anything else. */
const mostCalls = 250_000

/**
 * What there is to add up for a filter and for groups. Whole days are kept added up; the rest of the first and the
 * last is added call by call. What days are not told apart by is found in the newest calls.
 */
export function usageSource(filter: UsageFilter, groups: readonly string[]): UsageSource {
  const columns = [
    ...groups,
    ...Object.keys(filter.words).map(word => usageColumns[word as UsageWord]),
  ]
  const inDays = columns.every(column => callWords.some(word => word === column))
  const { from, to } = wholeDays(filter)
  if (!inDays || (from !== null && to !== null && from >= to)) {
    const calls = sql`(
      select * from usage ${where([...words(filter), ...within(filter)])}
      order by time desc limit ${sql.lit(mostCalls)})`
    return { rows: sql`(select ${callColumns} from ${calls} as calls)`, most: mostCalls }
  }
  const edges = [
    ...(from === null || from === filter.since ? [] : [within({ ...filter, until: from })]),
    ...(to === null || to === filter.until ? [] : [within({ ...filter, since: to })]),
  ]
  const names = sql.join([...callWords, ...sumColumns, 'last_at'].map(name => sql.ref(name)))
  const days = sql`select ${names} from usage_days ${where([...words(filter), ...daysFrom(from, to)])}`
  const calls = edges.map(
    edge => sql`select ${names} from (
      select ${callColumns} from usage ${where([...words(filter), ...edge])}) as calls`,
  )
  return { rows: sql`(${sql.join([days, ...calls], sql` union all `)})`, most: null }
}

const dayMs = 86_400_000

/** The whole UTC days of a time: from the first to before the last; null where it has no end. */
function wholeDays({ since, until }: UsageFilter) {
  return {
    from: since === undefined ? null : Math.ceil(since / dayMs) * dayMs,
    to: until === undefined ? null : Math.floor(until / dayMs) * dayMs,
  }
}

function words({ words }: UsageFilter): readonly RawBuilder<unknown>[] {
  return Object.entries(words).map(
    ([word, value]) => sql`${sql.ref(usageColumns[word as UsageWord])} = ${searchable(value)}`,
  )
}

function within({ since, until }: Omit<UsageFilter, 'words'>): readonly RawBuilder<unknown>[] {
  return [
    ...(since === undefined ? [] : [sql`time >= ${new Date(since)}`]),
    ...(until === undefined ? [] : [sql`time < ${new Date(until)}`]),
  ]
}

function daysFrom(from: number | null, to: number | null): readonly RawBuilder<unknown>[] {
  const day = (at: number) => new Date(at).toISOString().slice(0, 10)
  return [
    ...(from === null ? [] : [sql`day >= ${day(from)}`]),
    ...(to === null ? [] : [sql`day < ${day(to)}`]),
  ]
}

function where(conditions: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  return conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
}
