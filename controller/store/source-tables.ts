import { type Kysely, sql } from 'kysely'

/** Makes what is kept of sources whose objects are in a cluster, and lets several sources have the changes of one repository reviewed. */
export async function sourceTables(db: Kysely<unknown>): Promise<void> {
  await sql`drop index reviews_live`.execute(db)
  await sql`
    create unique index reviews_live on reviews (source, repository_id, change_number)
    where state in ('open', 'approved', 'denied')`.execute(db)
  await sql`
    create table applied_sources (
      namespace text not null,
      source text not null,
      uid text not null,
      commit_id text not null,
      primary key (namespace, source)
    )`.execute(db)
  await sql`
    create table applied_objects (
      uid text primary key,
      generation bigint not null,
      source text not null,
      commit_id text not null
    )`.execute(db)
  await sql`alter table releases add column sources text`.execute(db)
}

/** The tables of applied sources. */
export interface SourceTables {
  readonly applied_sources: AppliedSourceRow
  readonly applied_objects: AppliedObjectRow
}

/** The commit of a source that is applied to a namespace. */
export interface AppliedSourceRow {
  readonly namespace: string
  /** namespace/name of its PolicySource. */
  readonly source: string
  /** Of the PolicySource. */
  readonly uid: string
  readonly commit_id: string
}

/** The generation of an object that a source wrote last; an edit makes another one. */
export interface AppliedObjectRow {
  readonly uid: string
  readonly generation: number
  readonly source: string
  readonly commit_id: string
}
