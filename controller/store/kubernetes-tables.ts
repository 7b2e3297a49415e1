import type { Kysely } from 'kysely'

/** Makes what controllers that share a store need: the fence, last good objects, who is there, which pod a proxy is in. */
export async function kubernetesTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('fences')
    .addColumn('name', 'text', column => column.primaryKey())
    .addColumn('term', 'bigint', column => column.notNull())
    .addColumn('holder', 'text', column => column.notNull())
    .addColumn('raised_at', 'timestamptz', column => column.notNull())
    .execute()
  await db.schema
    .createTable('controllers')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('key_id', 'text', column => column.notNull())
    .addColumn('seen_at', 'timestamptz', column => column.notNull())
    .execute()
  await db.schema
    .createTable('kubernetes_objects')
    .addColumn('namespace', 'text', column => column.notNull())
    .addColumn('plural', 'text', column => column.notNull())
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('uid', 'text', column => column.notNull())
    .addColumn('generation', 'bigint', column => column.notNull())
    .addColumn('text', 'text', column => column.notNull())
    .addColumn('digest', 'text', column => column.notNull())
    .addPrimaryKeyConstraint('kubernetes_objects_pkey', ['namespace', 'plural', 'name'])
    .execute()
  await db.schema
    .alterTable('directories')
    .addColumn('revision', 'bigint', column => column.notNull().defaultTo(0))
    .execute()
  await db.schema
    .alterTable('proxies')
    .addColumn('namespace', 'text')
    .addColumn('pod_name', 'text')
    .addColumn('pod_uid', 'text')
    .addColumn('digest', 'text', column => column.notNull().defaultTo(''))
    .addColumn('seq', 'bigint', column => column.notNull().defaultTo(0))
    .addColumn('shipped', 'bigint', column => column.notNull().defaultTo(0))
    .execute()
}

/** The highest term that wrote, and its leader: who comes with a lower one is no longer the leader. */
export interface FenceRow {
  readonly name: string
  readonly term: number
  readonly holder: string
  readonly raised_at: Date
}

/** A controller on this store, and the key it signs with. */
export interface ControllerRow {
  readonly id: string
  readonly name: string
  readonly key_id: string
  readonly seen_at: Date
}

/** The newest version of an object that compiled. */
export interface KubernetesObjectRow {
  readonly namespace: string
  readonly plural: string
  readonly name: string
  readonly uid: string
  readonly generation: number
  /** The YAML that was compiled. */
  readonly text: string
  /** SHA-256 of the text: `sha256:` and hex. */
  readonly digest: string
}
