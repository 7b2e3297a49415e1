import { type Kysely, sql } from 'kysely'

/**
 * Makes what is remembered of who used the name of a proxy first. Names that are known already belong to those who show
 * the token of the installation.
 */
export async function proxyNameTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('proxy_names')
    .addColumn('proxy', 'text', column => column.primaryKey())
    .addColumn('namespace', 'text')
    .addColumn('pod_uid', 'text')
    .addColumn('pod_name', 'text')
    .addColumn('service_account', 'text')
    .addColumn('since', 'timestamptz', column => column.notNull())
    .execute()
  await db.schema
    .createIndex('proxy_names_pod_uid')
    .on('proxy_names')
    .columns(['pod_uid'])
    .execute()
  await sql`
    insert into proxy_names (proxy, since)
    select proxy, now() from record_counts
    union select id, now() from proxies
    union select proxy, now() from budget_runs`.execute(db)
}

/** Who used the name of a proxy first; without a namespace and a pod it was the token of the installation. */
export interface ProxyNameRow {
  readonly proxy: string
  readonly namespace: string | null
  readonly pod_uid: string | null
  readonly pod_name: string | null
  readonly service_account: string | null
  readonly since: Date
}
