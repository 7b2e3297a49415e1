import { type Kysely, sql } from 'kysely'

const sums = [
  ...['calls', 'failed_calls', 'unpriced_calls', 'estimated_calls', 'input_tokens'],
  ...['output_tokens', 'cache_read_tokens', 'cache_write_tokens', 'reasoning_tokens'],
  'cost_micro_usd',
]

/** Makes the sums of usage be kept, by day and by session: reading them costs the same however many calls there were. */
export async function usageTables(db: Kysely<unknown>): Promise<void> {
  const names = ['day', 'namespace', 'agent', 'api_key', 'user_name', 'flow', 'kind', 'provider']
  await create(db, 'usage_days', [...names, 'model', 'server', 'tool'], sums, ['last_at'])
  await sql`create index usage_days_day on usage_days (day)`.execute(db)
  const texts = ['namespace', 'agent', 'user_name', 'session', 'last_model']
  const counts = [...sums, 'model_calls', 'tool_calls']
  await create(db, 'usage_sessions', texts, counts, ['started_at', 'last_at'])
  await sql`create index usage_sessions_last on usage_sessions (last_at, key)`.execute(db)
}

async function create(
  db: Kysely<unknown>,
  name: string,
  texts: readonly string[],
  counts: readonly string[],
  times: readonly string[],
): Promise<void> {
  let table = db.schema.createTable(name).addColumn('key', 'text', column => column.primaryKey())
  for (const text of texts) table = table.addColumn(text, 'text', column => column.notNull())
  for (const count of counts) table = table.addColumn(count, 'bigint', column => column.notNull())
  for (const time of times) table = table.addColumn(time, 'timestamptz', column => column.notNull())
  await table.execute()
}
