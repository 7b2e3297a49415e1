import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Database } from '../store/database.ts'
import type { UsageSumColumns } from '../store/usage-rows.ts'
import { sumColumns, summed } from './call-columns.ts'
import type { UsageFilter } from './usage-filter.ts'
import { usageSource } from './usage-source.ts'

/** What calls can be grouped by, and the columns that hold it. */
export const usageGroups = {
  day: 'day',
  model: 'model',
  agent: 'agent',
  apiKey: 'api_key',
  session: 'session',
  tool: 'tool',
  provider: 'provider',
  user: 'user_name',
  flow: 'flow',
  namespace: 'namespace',
} as const

export type UsageGroup = keyof typeof usageGroups

/** What a number of calls used and cost together. */
export interface UsageSums extends UsageSumColumns {
  /** When the newest was; null when there was none. */
  readonly last_at: Date | null
}

/** The dearest of a group, and how many there are in all. */
interface UsageBreakdown {
  readonly rows: readonly (UsageSums & { readonly key: string })[]
  readonly groups: number
}

/** Sums over all calls that were asked for, and by each group that was. */
export interface UsageSummary {
  readonly totals: UsageSums
  readonly by: { readonly [Group in UsageGroup]?: UsageBreakdown }
  /** False when there were more calls than are looked at one by one; the newest count then. */
  readonly complete: boolean
}

/** What is asked for. */
export interface UsageQuestion {
  readonly filter: UsageFilter
  readonly by: readonly UsageGroup[]
  /** Of each group the dearest, of days the newest, so many. */
  readonly top: number
}

/** Adds up usage. Calls that have no such thing as a group is about are in the totals only. */
export async function sumUsage(
  db: Kysely<Database>,
  { filter, by, top }: UsageQuestion,
): Promise<UsageSummary> {
  const groups = [...new Set(by)]
  const columns = groups.map(group => usageGroups[group])
  const source = usageSource(filter, columns)
  const sums = await grouped(db, source.rows, columns, top)
  const totals = sums.find(({ place }) => place === null) ?? none
  return {
    totals: sumsOf(totals),
    by: Object.fromEntries(
      groups.map((group, place) => {
        const rows = sums.filter(sum => sum.place === place)
        const all = rows[0]?.groups ?? 0
        return [group, { rows: rows.map(row => ({ key: row.key, ...sumsOf(row) })), groups: all }]
      }),
    ),
    complete: source.most === null || totals.calls < source.most,
  }
}

interface Sum extends UsageSums {
  /** Which of the groups asked for; null for the totals. */
  readonly place: number | null
  readonly key: string
  readonly groups: number
}

/** One pass over what is to be added up, however many groups are wanted. */
async function grouped(
  db: Kysely<Database>,
  source: RawBuilder<unknown>,
  columns: readonly string[],
  top: number,
): Promise<readonly Sum[]> {
  if (columns.length === 0) {
    const { rows } = await sql<Sum>`
      select null as place, ${summed}, max(last_at) as last_at from ${source} as used`.execute(db)
    return rows
  }
  const refs = columns.map(column => sql.ref(column))
  const days = columns.includes('day') ? sql`day` : sql`null::text`
  const { rows } = await sql<Sum>`
    select * from (
      select sums.*, count(*) over (partition by place)::int8 as groups, row_number() over (
        partition by place order by day_key desc nulls last, cost_micro_usd desc, calls desc, key
      ) as rank
      from (
        select ${placeOf(columns)} as place, coalesce(${sql.join(refs)}) as key,
          ${days} as day_key, ${summed}, max(last_at) as last_at
        from ${source} as used
        group by grouping sets ((), ${sql.join(refs.map(ref => sql`(${ref})`))})
      ) as sums
      where place is null or key <> ''
    ) as ranked
    where rank <= ${top} order by place, rank`.execute(db)
  return rows
}

/** `grouping` sets a bit for each column that a row is not grouped by, the highest for the first. */
function placeOf(columns: readonly string[]): RawBuilder<unknown> {
  const all = 2 ** columns.length - 1
  const cases = columns.map((_, i) => {
    const mask = all - 2 ** (columns.length - 1 - i)
    return sql`when ${sql.lit(mask)} then ${sql.lit(i)}`
  })
  const refs = sql.join(columns.map(column => sql.ref(column)))
  return sql`case grouping(${refs}) ${sql.join(cases, sql` `)} end`
}

const none: UsageSums = {
  ...({ calls: 0, failed_calls: 0, unpriced_calls: 0, estimated_calls: 0 } as const),
  ...({ input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 } as const),
  ...({ reasoning_tokens: 0, cost_micro_usd: 0, last_at: null } as const),
}

function sumsOf(sum: UsageSums): UsageSums {
  const columns = [...sumColumns, 'last_at' as const].map(column => [column, sum[column]])
  return Object.fromEntries(columns)
}
