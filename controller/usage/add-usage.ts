import { type RawBuilder, sql, type Transaction } from 'kysely'
import type { UsageRow } from '../store/budget-rows.ts'
import type { Database } from '../store/database.ts'
import { callColumns, callWords, sumColumns, summed } from './call-columns.ts'

/**
 * Adds calls to the sums of their days and sessions, in the transaction that has stored them, once. Always in one
 * order, so that no two transactions wait for each other.
 */
export async function addUsage(
  db: Transaction<Database>,
  rows: readonly Pick<UsageRow, 'proxy' | 'seq'>[],
): Promise<void> {
  for (const [proxy, some] of Map.groupBy(rows, row => row.proxy)) {
    const calls = sql`(
      select ${callColumns} from usage
      where proxy = ${proxy} and seq = any (${some.map(({ seq }) => seq)}::bigint[])) as calls`
    await addDays(db, calls)
    await addSessions(db, calls)
  }
}

const sums = sql.join(sumColumns.map(column => sql.ref(column)))
const words = sql.join(callWords.map(word => sql.ref(word)))

async function addDays(db: Transaction<Database>, calls: RawBuilder<unknown>): Promise<void> {
  await sql`
    insert into usage_days (key, ${words}, ${sums}, last_at)
    select ${digestOf(words)}, ${words}, ${summed}, max(last_at)
    from ${calls} group by ${words} order by 1
    on conflict (key) do update set ${added('usage_days')}`.execute(db)
}

async function addSessions(db: Transaction<Database>, calls: RawBuilder<unknown>): Promise<void> {
  const whose = sql`namespace, agent, session`
  await sql`
    insert into usage_sessions (
      key, ${whose}, user_name, last_model, model_calls, tool_calls, started_at, ${sums}, last_at)
    select ${digestOf(whose)}, ${whose}, max(user_name),
      coalesce((array_agg(model order by last_at desc) filter (where kind = 'model'))[1], ''),
      count(*) filter (where kind = 'model'), count(*) filter (where kind = 'tool'),
      min(last_at), ${summed}, max(last_at)
    from ${calls} where session <> '' group by ${whose} order by 1
    on conflict (key) do update set ${added('usage_sessions')},
      model_calls = usage_sessions.model_calls + excluded.model_calls,
      tool_calls = usage_sessions.tool_calls + excluded.tool_calls,
      started_at = least(usage_sessions.started_at, excluded.started_at),
      last_model = case
        when usage_sessions.last_model = '' then excluded.last_model
        when excluded.last_model = '' or excluded.last_at < usage_sessions.last_at
          then usage_sessions.last_model
        else excluded.last_model end`.execute(db)
}

function digestOf(columns: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`encode(sha256(convert_to(json_build_array(${columns})::text, 'UTF8')), 'hex')`
}

function added(table: string): RawBuilder<unknown> {
  const last = sql.ref(`${table}.last_at`)
  const columns = sumColumns.map(
    column =>
      sql`${sql.ref(column)} = ${sql.ref(`${table}.${column}`)} + ${sql.ref(`excluded.${column}`)}`,
  )
  return sql.join([...columns, sql`last_at = greatest(${last}, excluded.last_at)`])
}
