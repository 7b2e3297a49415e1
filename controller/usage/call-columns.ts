import { type RawBuilder, sql } from 'kysely'
import type { UsageSumColumns } from '../store/usage-rows.ts'

/** What calls can have in common. */
export const callWords = [
  ...(['day', 'namespace', 'agent', 'api_key', 'user_name', 'flow', 'kind'] as const),
  ...(['provider', 'model', 'server', 'tool'] as const),
]

/** What is added up of calls. */
export const sumColumns = [
  ...(['calls', 'failed_calls', 'unpriced_calls', 'estimated_calls', 'input_tokens'] as const),
  ...(['output_tokens', 'cache_read_tokens', 'cache_write_tokens', 'reasoning_tokens'] as const),
  'cost_micro_usd' as const,
] satisfies readonly (keyof UsageSumColumns)[]

/** No call is counted for more, so that no sum of them is too large for its column. */
const most = sql.lit(1_000_000_000_000)

const text = (column: string) => sql`coalesce(${sql.ref(column)}, '') as ${sql.ref(column)}`
const amount = (column: string) =>
  sql`least(coalesce(${sql.ref(column)}, 0), ${most}) as ${sql.ref(column)}`

/** The columns of one call of the table `usage` as sums of one: what it lacks is empty, or zero. */
export const callColumns: RawBuilder<unknown> = sql`
  to_char(time at time zone 'UTC', 'YYYY-MM-DD') as day, namespace, kind, time as last_at,
  ${sql.join(
    [
      ...['agent', 'api_key', 'user_name', 'flow', 'provider', 'model', 'server', 'tool'],
      'session',
    ].map(text),
  )},
  1 as calls,
  (status <> 'succeeded')::int as failed_calls,
  (kind = 'model' and cost_micro_usd is null)::int as unpriced_calls,
  (coalesce(usage_source, '') in ('estimated', 'partial'))::int as estimated_calls,
  ${sql.join(sumColumns.slice(4).map(amount))}`

/** Sums over the columns of sums. */
export const summed: RawBuilder<unknown> = sql.join(
  sumColumns.map(column => sql`coalesce(sum(${sql.ref(column)}), 0)::int8 as ${sql.ref(column)}`),
)
