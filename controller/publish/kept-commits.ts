import type { Kysely, Selectable } from 'kysely'
import type { PolicyCommit } from '../git/repository.ts'
import type { CommitTables } from '../store/commit-tables.ts'
import type { Database } from '../store/database.ts'

/** Keeps what a commit says of itself; what was kept first stands. */
export async function keepCommit(db: Kysely<Database>, commit: PolicyCommit): Promise<void> {
  const { id, author, authorEmail, time, subject, signedBy = null } = commit
  await db
    .insertInto('commits')
    .values({
      ...{ id, author, subject },
      author_email: authorEmail,
      committed_at: new Date(time),
      signed_by: signedBy,
    })
    .onConflict(known => known.column('id').doNothing())
    .execute()
}

/** What is kept of commits, by id. */
export async function keptCommits(
  db: Kysely<Database>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, PolicyCommit>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('commits')
    .selectAll()
    .where('id', 'in', [...ids])
    .execute()
  return new Map(rows.map(row => [row.id, commitOf(row)]))
}

function commitOf(row: Selectable<CommitTables['commits']>): PolicyCommit {
  return {
    id: row.id,
    author: row.author,
    authorEmail: row.author_email,
    time: row.committed_at.toISOString(),
    subject: row.subject,
    ...(row.signed_by !== null && { signedBy: row.signed_by }),
  }
}
