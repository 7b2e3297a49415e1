import { sql, type Transaction } from 'kysely'
import type { Database } from '../store/database.ts'
import type { NewRow } from './row.ts'

/** The columns that are written, and what becomes of their text. */
const columns = {
  ...{ proxy: 'text', seq: 'bigint', time: 'timestamptz', phase: 'text', call: 'text' },
  ...{ namespace: 'text', agent: 'text', api_key: 'text', user_name: 'text', session: 'text' },
  ...{ kind: 'text', server: 'text', tool: 'text', model: 'text', uri: 'text', prompt: 'text' },
  ...{ action: 'text', reason: 'text', policy: 'text', rule: 'text' },
  ...{ commit_id: 'text', table_digest: 'text', approval: 'text', cost_micro_usd: 'bigint' },
  ...{ status: 'text', duration_ms: 'double precision', error: 'text', provider: 'text' },
  ...{ requested_model: 'text', upstream_status: 'text', endpoint: 'text', trace: 'text' },
  ...{ client_call_id: 'text', words: 'tsvector', entry: 'text', entry_digest: 'text' },
} as const satisfies { readonly [Column in keyof NewRow]-?: string }

type Column = keyof typeof columns

const names = Object.keys(columns) as readonly Column[]
const targets = sql.join(names.map(name => sql.ref(name)))
const sources = sql.join(
  names.map(name => sql`${sql.ref(`new.${name}`)}::${sql.raw(columns[name])}`),
)

const rowsPerInsert = 500

/** Adds entries that the ledger does not have; one column after the other, which costs a third of row after row. */
export async function insertRows(
  db: Transaction<Database>,
  rows: readonly NewRow[],
): Promise<void> {
  for (let at = 0; at < rows.length; at += rowsPerInsert) {
    const some = rows.slice(at, at + rowsPerInsert)
    const texts = names.map(name => sql`${some.map(row => textOf(row[name]))}::text[]`)
    await sql`
      insert into records (${targets})
      select ${sources} from unnest(${sql.join(texts)}) as new (${targets})`.execute(db)
  }
}

function textOf(value: NewRow[Column]): string | null {
  if (value === null || value === undefined) return null
  return value instanceof Date ? value.toISOString() : String(value)
}
