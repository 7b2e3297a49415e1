import { type ColumnType, type Generated, type Kysely, sql } from 'kysely'
import type { HaltEvent, HaltNotice } from '../../schemas/halt.ts'

/** Makes what halts are kept in, what happened to them, and since when requests for approval stand still. */
export async function haltTables(db: Kysely<unknown>): Promise<void> {
  await halts(db)
  await db.schema
    .createTable('halt_events')
    .addColumn('id', 'bigint', column => column.generatedAlwaysAsIdentity().primaryKey())
    .addColumn('halt_id', 'text')
    .addColumn('type', 'text', column => column.notNull())
    .addColumn('by_name', 'text')
    .addColumn('identity', 'text')
    .addColumn('detail', 'text')
    .addColumn('at', 'timestamptz', column => column.notNull())
    .execute()
  await db.schema
    .alterTable('approval_requests')
    .addColumn('frozen_at', 'timestamptz')
    .addColumn('frozen_ms', 'bigint', column => column.notNull().defaultTo(0))
    .execute()
  await sql`
    create index approval_requests_frozen on approval_requests (frozen_at)
    where frozen_at is not null`.execute(db)
}

async function halts(db: Kysely<unknown>): Promise<void> {
  let table = db.schema
    .createTable('halts')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('changed', 'bigint', column => column.notNull())
    .addColumn('at', 'timestamptz', column => column.notNull())
  for (const name of ['what', 'reason', 'by_name', 'identity']) {
    table = table.addColumn(name, 'text', column => column.notNull())
  }
  const texts = ['namespace', 'agent', 'asked_by', 'asked_person', 'asked_identity', 'asked_reason']
  for (const name of [...texts, 'lifted_by', 'lifted_identity', 'lifted_reason']) {
    table = table.addColumn(name, 'text')
  }
  await table
    .addColumn('asked_at', 'timestamptz')
    .addColumn('lifted_at', 'timestamptz')
    .addColumn('reviewed', 'boolean')
    .execute()
  await db.schema.createIndex('halts_changed').on('halts').columns(['changed']).execute()
  await sql`create index halts_standing on halts (at) where lifted_at is null`.execute(db)
}

/** What people stopped: by `namespace` and `agent` where it is about one only. */
export interface HaltRow {
  readonly id: string
  readonly what: HaltNotice['what']
  readonly namespace: string | null
  readonly agent: string | null
  readonly reason: string
  readonly by_name: string
  readonly identity: string
  readonly at: Date
  /** The name under which whoever asked to lift it counts once. */
  readonly asked_person: string | null
  readonly asked_by: string | null
  readonly asked_identity: string | null
  readonly asked_reason: string | null
  readonly asked_at: Date | null
  readonly lifted_by: string | null
  readonly lifted_identity: string | null
  readonly lifted_reason: string | null
  readonly lifted_at: Date | null
  /** Whether two people lifted it. */
  readonly reviewed: boolean | null
  /** Number of the last change; the largest of all numbers the list that proxies get. */
  readonly changed: ColumnType<number, number, number>
}

/** What happened, oldest first by `id`; without a halt when it was refused. */
export interface HaltEventRow {
  readonly id: Generated<number>
  readonly type: HaltEvent['type']
  readonly halt_id: string | null
  readonly by_name: string | null
  readonly identity: string | null
  readonly detail: string | null
  readonly at: Date
}
