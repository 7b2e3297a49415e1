import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { accountTables } from './account-tables.ts'
import { approvalTables } from './approval-tables.ts'
import { budgetTables } from './budget-tables.ts'
import { chainTables } from './chain-tables.ts'
import { chatTables } from './chat-tables.ts'
import { checkpointTables } from './checkpoint-tables.ts'
import { commitTables } from './commit-tables.ts'
import { coverageTables } from './coverage-tables.ts'
import { deliveryTables } from './delivery-tables.ts'
import { forgeTables } from './forge-tables.ts'
import { haltTables } from './halt-tables.ts'
import { kubernetesTables } from './kubernetes-tables.ts'
import { overrideTables } from './override-tables.ts'
import { peopleTables } from './people-tables.ts'
import { proxyNameTables } from './proxy-name-tables.ts'
import { proxyStartTables } from './proxy-start-tables.ts'
import { reviewTables } from './review-tables.ts'
import { reviewTurnTables } from './review-turn-tables.ts'
import { sourceTables } from './source-tables.ts'
import { tokenTables } from './token-tables.ts'
import { usageTables } from './usage-tables.ts'

/** Every change to the store, in order; one that was released is never edited. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-first': { up: first },
  '0002-approvals': { up: approvalTables },
  '0003-push': { up: deliveryTables },
  '0004-budgets': { up: budgetTables },
  '0005-runtime-tokens': { up: tokenTables },
  '0006-usage-sums': { up: usageTables },
  '0007-kubernetes': { up: kubernetesTables },
  '0008-proxy-owners': { up: proxyNameTables },
  '0009-proxy-starts': { up: proxyStartTables },
  '0010-commits': { up: commitTables },
  '0011-forge-deliveries': { up: forgeTables },
  '0012-reviews': { up: reviewTables },
  '0013-chat-commands': { up: chatTables },
  '0014-overrides': { up: overrideTables },
  '0015-policy-sources': { up: sourceTables },
  '0016-review-turns': { up: reviewTurnTables },
  '0017-people': { up: peopleTables },
  '0018-chains': { up: chainTables },
  '0019-checkpoints': { up: checkpointTables },
  '0020-halts': { up: haltTables },
  '0021-coverage': { up: coverageTables },
  '0022-accounts': { up: accountTables },
}

async function first(db: Kysely<unknown>): Promise<void> {
  await createRecords(db)
  await db.schema
    .createTable('record_counts')
    .addColumn('proxy', 'text', column => column.primaryKey())
    .addColumn('stored', 'bigint', column => column.notNull())
    .addColumn('last_seq', 'bigint', column => column.notNull())
    .execute()
  await db.schema
    .createTable('tables')
    .addColumn('digest', 'text', column => column.primaryKey())
    .addColumn('body', 'text', column => column.notNull())
    .execute()
  await db.schema
    .createTable('releases')
    .addColumn('sequence', 'bigint', column => column.primaryKey())
    .addColumn('namespace', 'text', column => column.notNull())
    .addColumn('digest', 'text', column => column.notNull())
    .addColumn('commit_id', 'text')
    .addColumn('published_at', 'timestamptz', column => column.notNull())
    .addColumn('key_id', 'text', column => column.notNull())
    .addColumn('signature', 'text', column => column.notNull())
    .execute()
  await index(db, 'releases', ['namespace', 'sequence'])
  await db.schema
    .createTable('proxies')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('seen_at', 'timestamptz', column => column.notNull())
    .addColumn('report', 'text', column => column.notNull())
    .execute()
}

async function createRecords(db: Kysely<unknown>): Promise<void> {
  const required = [
    'phase',
    'call',
    'namespace',
    'kind',
    'action',
    'reason',
    'entry',
    'entry_digest',
  ]
  const optional = [
    ...['agent', 'api_key', 'user_name', 'session', 'server', 'tool', 'model', 'uri', 'prompt'],
    ...['policy', 'rule', 'commit_id', 'table_digest', 'approval', 'status'],
  ]
  let table = db.schema
    .createTable('records')
    .addColumn('proxy', 'text', column => column.notNull())
    .addColumn('seq', 'bigint', column => column.notNull())
    .addColumn('time', 'timestamptz', column => column.notNull())
    .addColumn('received_at', 'timestamptz', column => column.notNull().defaultTo(sql`now()`))
    .addColumn('args', 'jsonb')
    .addColumn('cost_micro_usd', 'bigint')
    .addColumn('duration_ms', 'double precision')
    .addPrimaryKeyConstraint('records_pkey', ['proxy', 'seq'])
  for (const name of required) table = table.addColumn(name, 'text', column => column.notNull())
  for (const name of optional) table = table.addColumn(name, 'text')
  await table.execute()
  await index(db, 'records', ['time', 'proxy', 'seq'])
  await index(db, 'records', ['call'])
  await index(db, 'records', ['agent', 'time'])
  await index(db, 'records', ['tool', 'time'])
  await index(db, 'records', ['action', 'time'])
}

async function index(db: Kysely<unknown>, table: string, columns: string[]): Promise<void> {
  await db.schema
    .createIndex(`${table}_${columns.join('_')}`)
    .on(table)
    .columns(columns)
    .execute()
}
