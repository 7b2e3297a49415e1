import type { Kysely } from 'kysely'

/** Makes what is kept of commits that were in force: a repository may be gone when somebody asks. */
export async function commitTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('commits')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('author', 'text', column => column.notNull())
    .addColumn('author_email', 'text', column => column.notNull())
    .addColumn('committed_at', 'timestamptz', column => column.notNull())
    .addColumn('subject', 'text', column => column.notNull())
    .addColumn('signed_by', 'text')
    .execute()
}

/** The table of commits. */
export interface CommitTables {
  readonly commits: CommitRow
}

/** What a commit said of itself when it came, and who had signed it by what was in force then. */
interface CommitRow {
  readonly id: string
  readonly author: string
  readonly author_email: string
  readonly committed_at: Date
  readonly subject: string
  readonly signed_by: string | null
}
