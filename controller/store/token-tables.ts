import type { Kysely } from 'kysely'

/** Makes what tokens of runtimes are remembered in, and the number of the newest list of revoked ones. */
export async function tokenTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('runtime_tokens')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('sha256', 'text', column => column.notNull())
    .addColumn('namespace', 'text', column => column.notNull())
    .addColumn('agent', 'text', column => column.notNull())
    .addColumn('session', 'text')
    .addColumn('created_by', 'text', column => column.notNull())
    .addColumn('created_at', 'timestamptz', column => column.notNull())
    .addColumn('expires_at', 'timestamptz', column => column.notNull())
    .addColumn('revoked_at', 'timestamptz')
    .addColumn('revoked_by', 'text')
    .execute()
  await db.schema
    .createIndex('runtime_tokens_namespace')
    .on('runtime_tokens')
    .columns(['namespace', 'expires_at'])
    .execute()
  await db.schema
    .createTable('runtime_token_lists')
    .addColumn('sequence', 'bigint', column => column.primaryKey())
    .execute()
}

/** A token of a runtime; its text is nowhere. */
export interface RuntimeTokenRow {
  readonly id: string
  /** SHA-256 of the token, hex. */
  readonly sha256: string
  readonly namespace: string
  readonly agent: string
  readonly session: string | null
  readonly created_by: string
  readonly created_at: Date
  readonly expires_at: Date
  readonly revoked_at: Date | null
  readonly revoked_by: string | null
}

/** The newest list of revoked tokens has the largest number. */
export interface RuntimeTokenListRow {
  readonly sequence: number
}
