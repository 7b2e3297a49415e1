import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { ForgeComment } from '../forge/forge.ts'
import type { ChatCommandRow } from '../store/chat-tables.ts'
import type { Database } from '../store/database.ts'
import type { CommandOutcome } from './command-outcome.ts'

/** Where a comment is, and who told of it. */
export interface CommentPlace {
  readonly origin: string
  readonly repository: string
  readonly commentId: number
  readonly deliveryId: string | null
}

/** An attempt to say something to Writ. */
export interface ChatAttempt {
  readonly place: CommentPlace
  readonly comment: ForgeComment | null
  /** As it is written; null when it is none. */
  readonly command: string | null
  readonly headSha: string | null
}

/** What takes longer was left behind by a process that ended. */
const abandonedAfterMs = 60_000

/** Every attempt that was ever made in a comment; each comment is looked at once. */
export class ChatCommands {
  readonly #db: Kysely<Database>
  readonly #now: () => number

  constructor(db: Kysely<Database>, now: () => number) {
    this.#db = db
    this.#now = now
  }

  /** Whether the comment was looked at already, or is being looked at. */
  async knows({ origin, commentId }: CommentPlace): Promise<boolean> {
    const row = await this.#db
      .selectFrom('chat_commands')
      .select(['settled_at', 'at'])
      .where('origin', '=', origin)
      .where('comment_id', '=', commentId)
      .executeTakeFirst()
    return row !== undefined && (row.settled_at !== null || row.at >= this.#abandoned())
  }

  /** Takes an attempt; true for one caller alone. It is settled at once when its outcome is known. */
  async take(attempt: ChatAttempt, outcome: CommandOutcome | null): Promise<boolean> {
    const row = rowOf(attempt, outcome, new Date(this.#now()))
    const taken = await this.#db
      .insertInto('chat_commands')
      .values(row)
      .onConflict(existing =>
        existing
          .columns(['origin', 'comment_id'])
          .doUpdateSet(row)
          .where('chat_commands.settled_at', 'is', null)
          .where('chat_commands.at', '<', this.#abandoned()),
      )
      .returning('comment_id')
      .executeTakeFirst()
    return taken !== undefined
  }

  /** Notes what became of an attempt that was taken. */
  async settle({ origin, commentId }: CommentPlace, outcome: CommandOutcome): Promise<void> {
    await this.#db
      .updateTable('chat_commands')
      .set({ outcome, settled_at: new Date(this.#now()) })
      .where('origin', '=', origin)
      .where('comment_id', '=', commentId)
      .where('settled_at', 'is', null)
      .execute()
  }

  /** Gives an attempt back that was taken and could not be settled: as if it had never come. */
  async release({ origin, commentId }: CommentPlace): Promise<void> {
    await this.#db
      .deleteFrom('chat_commands')
      .where('origin', '=', origin)
      .where('comment_id', '=', commentId)
      .where('settled_at', 'is', null)
      .execute()
  }

  /** Attempts that a process left behind; at most 1,000. */
  async abandoned(): Promise<readonly CommentPlace[]> {
    const rows = await this.#db
      .selectFrom('chat_commands')
      .select(['origin', 'repository', 'comment_id', 'delivery_id'])
      .where('settled_at', 'is', null)
      .where('at', '<', this.#abandoned())
      .limit(1000)
      .execute()
    return rows.map(({ origin, repository, comment_id, delivery_id }) => ({
      ...{ origin, repository, commentId: comment_id, deliveryId: delivery_id },
    }))
  }

  #abandoned(): Date {
    return new Date(this.#now() - abandonedAfterMs)
  }
}

/** The hash under which the body of a comment is kept. */
export function bodyHash(body: string): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`
}

function rowOf(
  { place, comment, command, headSha }: ChatAttempt,
  outcome: CommandOutcome | null,
  at: Date,
): ChatCommandRow {
  return {
    origin: place.origin,
    comment_id: place.commentId,
    repository: place.repository,
    repository_id: comment?.repositoryId ?? null,
    thread: comment?.thread ?? null,
    head_sha: headSha,
    author_id: comment?.author.id ?? null,
    author_login: comment?.author.login.slice(0, 128) ?? null,
    body_hash: comment === null ? null : bodyHash(comment.body),
    delivery_id: place.deliveryId?.slice(0, 128) ?? null,
    command,
    outcome,
    at,
    settled_at: outcome === null ? null : at,
  }
}
