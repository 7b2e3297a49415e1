import { type CreateTableBuilder, type Kysely, sql } from 'kysely'

type Type = 'text' | 'timestamptz' | 'bigint' | 'boolean' | 'double precision'
type Columns = Readonly<Record<string, Type | `${Type} null`>>

/** Makes what is spent is kept in: usage of every forwarded call, charges, counters, leases, starts of proxies. */
export async function budgetTables(db: Kysely<unknown>): Promise<void> {
  await usage(db)
  await charges(db)
  await counters(db)
  await leases(db)
  await table(db, 'budget_runs', {
    ...{ proxy: 'text', run: 'text', first_seq: 'bigint', started_at: 'timestamptz' },
  })
    .addColumn('id', 'bigint', column => column.generatedAlwaysAsIdentity().primaryKey())
    .addUniqueConstraint('budget_runs_once', ['proxy', 'run'])
    .execute()
}

async function usage(db: Kysely<unknown>): Promise<void> {
  await table(db, 'usage', {
    ...{ proxy: 'text', seq: 'bigint', call: 'text', time: 'timestamptz', namespace: 'text' },
    ...{ agent: 'text null', api_key: 'text null', user_name: 'text null', session: 'text null' },
    ...{ flow: 'text null', kind: 'text', provider: 'text null', model: 'text null' },
    ...{ requested_model: 'text null', server: 'text null', tool: 'text null' },
    ...{
      endpoint: 'text null',
      stream: 'boolean null',
      status: 'text',
      upstream_status: 'text null',
    },
    ...{ input_tokens: 'bigint null', output_tokens: 'bigint null' },
    ...{ cache_read_tokens: 'bigint null', cache_write_tokens: 'bigint null' },
    ...{ reasoning_tokens: 'bigint null', cost_micro_usd: 'bigint null' },
    ...{
      cost_source: 'text null',
      usage_source: 'text null',
      duration_ms: 'double precision null',
    },
  })
    .addPrimaryKeyConstraint('usage_pkey', ['proxy', 'seq'])
    .execute()
  await sql`create index usage_namespace_time on usage (namespace, time)`.execute(db)
  await sql`create index usage_session on usage (namespace, session, time)`.execute(db)
  await sql`create index usage_time on usage (time)`.execute(db)
}

async function charges(db: Kysely<unknown>): Promise<void> {
  await table(db, 'budget_charges', {
    ...{ proxy: 'text null', seq: 'bigint null', time: 'timestamptz', namespace: 'text' },
    ...{ budget: 'text', counter: 'text', window_start: 'text', lease: 'text null' },
    ...{ kind: 'text', amount: 'bigint', reason: 'text null' },
  })
    .addColumn('id', 'bigint', column => column.generatedAlwaysAsIdentity().primaryKey())
    .execute()
  await sql`
    create index budget_charges_counter
    on budget_charges (namespace, budget, counter, window_start)`.execute(db)
  await sql`create index budget_charges_entry on budget_charges (proxy, seq)`.execute(db)
  await sql`create index budget_charges_time on budget_charges (time)`.execute(db)
}

async function counters(db: Kysely<unknown>): Promise<void> {
  await table(db, 'budget_counters', {
    ...{ namespace: 'text', budget: 'text', counter: 'text', window_start: 'text' },
    ...{ window_end: 'timestamptz null', unit: 'text', definition: 'text' },
    ...{ extended: 'bigint', spent: 'bigint', leased: 'bigint', fence: 'bigint' },
    ...{ wanted_at: 'timestamptz null', soft_told_at: 'timestamptz null' },
  })
    .addPrimaryKeyConstraint('budget_counters_pkey', [
      ...['namespace', 'budget', 'counter', 'window_start'],
    ])
    .addCheckConstraint('budget_counters_sound', sql`leased >= 0 and spent >= 0`)
    .execute()
}

async function leases(db: Kysely<unknown>): Promise<void> {
  await table(db, 'budget_leases', {
    ...{ id: 'text', namespace: 'text', budget: 'text', counter: 'text', window_start: 'text' },
    ...{ unit: 'text', proxy: 'text', run: 'text', fence: 'bigint', amount: 'bigint' },
    ...{ settled: 'bigint', written_off: 'bigint', granted_at: 'timestamptz' },
    ...{ expires_at: 'timestamptz', state: 'text' },
  })
    .addPrimaryKeyConstraint('budget_leases_pkey', ['id'])
    .addCheckConstraint('budget_leases_sound', sql`settled >= 0 and written_off >= 0`)
    .execute()
  await sql`
    create index budget_leases_counter on budget_leases (namespace, budget, counter, window_start)
    where amount > settled`.execute(db)
  await sql`
    create index budget_leases_proxy on budget_leases (proxy)
    where amount > settled or written_off > 0`.execute(db)
  await sql`
    create index budget_leases_due on budget_leases (expires_at)
    where amount > settled`.execute(db)
  await sql`
    create index budget_leases_over on budget_leases (expires_at)
    where amount <= settled and written_off = 0`.execute(db)
}

function table(db: Kysely<unknown>, name: string, columns: Columns) {
  let table: CreateTableBuilder<string, string> = db.schema.createTable(name)
  for (const [column, type] of Object.entries(columns)) {
    const nullable = type.endsWith(' null')
    table = table.addColumn(column, sql.raw(type.replace(' null', '')), added =>
      nullable ? added : added.notNull(),
    )
  }
  return table
}
