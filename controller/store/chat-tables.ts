import type { Kysely } from 'kysely'

/** Makes what is remembered of commands in comments. */
export async function chatTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('chat_commands')
    .addColumn('origin', 'text', column => column.notNull())
    .addColumn('comment_id', 'bigint', column => column.notNull())
    .addColumn('repository', 'text', column => column.notNull())
    .addColumn('repository_id', 'bigint')
    .addColumn('thread', 'bigint')
    .addColumn('head_sha', 'text')
    .addColumn('author_id', 'bigint')
    .addColumn('author_login', 'text')
    .addColumn('body_hash', 'text')
    .addColumn('delivery_id', 'text')
    .addColumn('command', 'text')
    .addColumn('outcome', 'text')
    .addColumn('at', 'timestamptz', column => column.notNull())
    .addColumn('settled_at', 'timestamptz')
    .addPrimaryKeyConstraint('chat_commands_pkey', ['origin', 'comment_id'])
    .execute()
  await db.schema.createIndex('chat_commands_at').on('chat_commands').columns(['at']).execute()
}

/** An attempt to say something to Writ in a comment, once for each comment; kept whatever became of it. */
export interface ChatCommandRow {
  /** Address of the API of the forge: ids of comments are unique there. */
  readonly origin: string
  readonly comment_id: number
  /** owner/name under which it was looked up. */
  readonly repository: string
  /** Of the repository that holds the comment; null, like what follows, for a comment that is gone. */
  readonly repository_id: number | null
  readonly thread: number | null
  /** Head of the pull request at that moment; null for an issue, and when it did not come so far. */
  readonly head_sha: string | null
  readonly author_id: number | null
  readonly author_login: string | null
  /** `sha256:…` of the body. */
  readonly body_hash: string | null
  /** Of the webhook that told; null when a look found the comment. */
  readonly delivery_id: string | null
  /** The command, when it is one. */
  readonly command: string | null
  /** What became of it; null while that is being found out. */
  readonly outcome: string | null
  readonly at: Date
  readonly settled_at: Date | null
}
