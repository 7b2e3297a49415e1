import type { Generated, Kysely } from 'kysely'

/** Makes what is remembered of webhooks of forges, and how far their comments were looked through. */
export async function forgeTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('forge_deliveries')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('seq', 'bigserial', column => column.notNull())
    .addColumn('kind', 'text', column => column.notNull())
    .addColumn('repository', 'text', column => column.notNull())
    .addColumn('number', 'bigint')
    .addColumn('comment_id', 'bigint')
    .addColumn('received_at', 'timestamptz', column => column.notNull())
    .execute()
  await db.schema
    .createIndex('forge_deliveries_seq')
    .on('forge_deliveries')
    .columns(['seq'])
    .execute()
  await db.schema
    .createIndex('forge_deliveries_received_at')
    .on('forge_deliveries')
    .columns(['received_at'])
    .execute()
  await db.schema
    .createTable('forge_looks')
    .addColumn('origin', 'text', column => column.notNull())
    .addColumn('repository', 'text', column => column.notNull())
    .addColumn('comments_until', 'timestamptz', column => column.notNull())
    .addPrimaryKeyConstraint('forge_looks_pkey', ['origin', 'repository'])
    .execute()
}

/** A webhook that was taken, so that it is not taken twice. */
export interface ForgeDeliveryRow {
  readonly id: string
  readonly seq: Generated<number>
  readonly kind: 'push' | 'change' | 'comment' | 'ping' | 'source'
  readonly repository: string
  readonly number: number | null
  readonly comment_id: number | null
  readonly received_at: Date
}

/** How far the comments of a repository were looked through: when the last of them was touched. */
export interface ForgeLookRow {
  /** Address of the API. */
  readonly origin: string
  /** owner/name, in small letters. */
  readonly repository: string
  readonly comments_until: Date
}
