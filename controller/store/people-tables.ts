import type { Kysely } from 'kysely'

/** Makes what is kept of changes of people beside each release. */
export async function peopleTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('release_people')
    .addColumn('sequence', 'bigint', column => column.primaryKey())
    .addColumn('changes', 'text', column => column.notNull())
    .execute()
}

/** The tables of people. */
export interface PeopleTables {
  readonly directories: DirectoryRow
  readonly release_people: ReleasePeopleRow
}

/** The directory in force for a namespace: canonical text and its digest. */
export interface DirectoryRow {
  readonly namespace: string
  readonly digest: string
  readonly body: string
  readonly published_at: Date
  /** Grows with every change of any directory. */
  readonly revision: number
}

/** What changed besides rules with a release, and while it was in force. */
interface ReleasePeopleRow {
  readonly sequence: number
  /** PeopleChanges as JSON. */
  readonly changes: string
}
