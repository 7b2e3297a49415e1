import { type Kysely, sql } from 'kysely'

/** Makes starts of proxies be told apart by what proxies count, and forgets those that nobody announced. */
export async function proxyStartTables(db: Kysely<unknown>): Promise<void> {
  await sql`delete from budget_runs where first_seq = ${Number.MAX_SAFE_INTEGER}`.execute(db)
  await db.schema
    .alterTable('budget_runs')
    .addColumn('start', 'bigint', column => column.notNull().defaultTo(0))
    .execute()
}
