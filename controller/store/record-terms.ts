import { type RawBuilder, sql } from 'kysely'

/** Columns that are searched for one value by one index of all of them. Adding one takes a new index. */
export const termColumns = [
  ...['proxy', 'phase', 'namespace', 'agent', 'api_key', 'user_name', 'session', 'kind'],
  ...['server', 'tool', 'model', 'uri', 'prompt', 'action', 'reason', 'policy', 'rule'],
  ...['commit_id', 'table_digest', 'status', 'provider', 'requested_model', 'upstream_status'],
  ...['endpoint', 'trace', 'client_call_id'],
] as const

/** What an entry says, as `column=value`: the index holds exactly this expression. */
export const recordTerms: RawBuilder<readonly string[]> = sql`array_remove(array[${sql.join([
  ...termColumns.map(column => sql`${sql.lit(`${column}=`)} || ${sql.ref(column)}`),
  sql`case when error is not null then 'error' end`,
])}], null)`

/** The term of an entry with this value in the column. */
export function termOf(column: (typeof termColumns)[number], value: string): string {
  return `${column}=${value}`
}

/** The term of an entry that says what went wrong. */
export const errorTerm = 'error'
