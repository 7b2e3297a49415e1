import type { Generated, Kysely } from 'kysely'

/** Makes what overrides are kept in, what happened to them, and the tables that follow when they end. */
export async function overrideTables(db: Kysely<unknown>): Promise<void> {
  await overrides(db)
  await events(db)
  await steps(db)
  await db.schema
    .alterTable('releases')
    .addColumn('next', 'text')
    .addColumn('overrides', 'text')
    .execute()
}

async function overrides(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('overrides')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('text', 'text', column => column.notNull())
    .addColumn('namespace', 'text', column => column.notNull())
    .addColumn('documents', 'text', column => column.notNull())
    .addColumn('reason', 'text', column => column.notNull())
    .addColumn('created_by', 'text', column => column.notNull())
    .addColumn('identity', 'text', column => column.notNull())
    .addColumn('created_at', 'timestamptz', column => column.notNull())
    .addColumn('expires_at', 'timestamptz', column => column.notNull())
    .addColumn('ended_at', 'timestamptz')
    .addColumn('ended_by', 'text')
    .addColumn('change', 'text')
    .execute()
  await db.schema
    .createIndex('overrides_ended_at')
    .on('overrides')
    .columns(['ended_at', 'expires_at'])
    .execute()
}

async function events(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('override_events')
    .addColumn('id', 'bigint', column => column.generatedAlwaysAsIdentity().primaryKey())
    .addColumn('override_id', 'text')
    .addColumn('type', 'text', column => column.notNull())
    .addColumn('by_name', 'text')
    .addColumn('identity', 'text')
    .addColumn('detail', 'text')
    .addColumn('at', 'timestamptz', column => column.notNull())
    .execute()
}

async function steps(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('release_steps')
    .addColumn('namespace', 'text', column => column.notNull())
    .addColumn('at', 'timestamptz', column => column.notNull())
    .addColumn('digest', 'text', column => column.notNull())
    .addColumn('overrides', 'text', column => column.notNull())
    .addColumn('directory', 'text')
    .addPrimaryKeyConstraint('release_steps_pkey', ['namespace', 'at'])
    .execute()
}

/** Documents that stand in place of those of the source; `ended_by` is null when it was the time that ended it. */
export interface OverrideRow {
  readonly id: string
  readonly text: string
  /** Namespace of documents that name none. */
  readonly namespace: string
  /** What is in the text, as JSON: kind, namespace and name of each. */
  readonly documents: string
  readonly reason: string
  readonly created_by: string
  readonly identity: string
  readonly created_at: Date
  readonly expires_at: Date
  readonly ended_at: Date | null
  readonly ended_by: string | null
  /** How it was proposed as a change, as JSON; null while it was not. */
  readonly change: string | null
}

/** What happened, oldest first by `id`; without an override when it was refused. */
export interface OverrideEventRow {
  readonly id: Generated<number>
  readonly type: 'applied' | 'refused' | 'ended' | 'expired' | 'proposed'
  readonly override_id: string | null
  readonly by_name: string | null
  readonly identity: string | null
  readonly detail: string | null
  readonly at: Date
}

/** A table that takes the place of the one in force at a time, by itself. */
export interface ReleaseStepRow {
  readonly namespace: string
  readonly at: Date
  readonly digest: string
  /** Ids of the overrides that are still in it, as JSON. */
  readonly overrides: string
  /** The directory that goes with it, as JSON. */
  readonly directory: string | null
}
