import { type Kysely, sql } from 'kysely'

/**
 * Makes what telling people needs besides the notifications: their browsers, which of several reminders one
 * is, and what judges answered.
 */
export async function deliveryTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('push_subscriptions')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('namespace', 'text', column => column.notNull())
    .addColumn('user_name', 'text', column => column.notNull())
    .addColumn('endpoint', 'text', column => column.notNull())
    .addColumn('p256dh', 'text', column => column.notNull())
    .addColumn('auth', 'text', column => column.notNull())
    .addColumn('created_at', 'timestamptz', column => column.notNull())
    .execute()
  await db.schema
    .createIndex('push_subscriptions_person')
    .on('push_subscriptions')
    .columns(['namespace', 'user_name'])
    .execute()
  await db.schema
    .createTable('approval_judgements')
    .addColumn('request_id', 'text', column => column.notNull())
    .addColumn('workflow', 'text', column => column.notNull())
    .addColumn('model', 'text', column => column.notNull())
    .addColumn('decision', 'text', column => column.notNull())
    .addColumn('confidence', 'double precision', column => column.notNull())
    .addColumn('reasoning', 'text', column => column.notNull())
    .addColumn('ruling', 'text', column => column.notNull())
    .addColumn('at', 'timestamptz', column => column.notNull())
    .addColumn('settled_at', 'timestamptz')
    .addPrimaryKeyConstraint('approval_judgements_pkey', ['request_id', 'workflow'])
    .execute()
  await sql`alter table approval_notifications add column round bigint not null default 0`.execute(
    db,
  )
  await sql`drop index approval_notifications_once`.execute(db)
  await sql`
    create unique index approval_notifications_once
    on approval_notifications (request_id, channel, kind, recipient, round)`.execute(db)
}

/** A browser in which a User wants to be told; `id` is made from both. */
export interface PushSubscriptionRow {
  readonly id: string
  /** Where the User is written. */
  readonly namespace: string
  readonly user_name: string
  readonly endpoint: string
  /** Key of the browser and its shared secret, base64url: with them messages are encrypted for it. */
  readonly p256dh: string
  readonly auth: string
  readonly created_at: Date
}
