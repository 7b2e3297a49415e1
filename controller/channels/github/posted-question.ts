import type { Kysely } from 'kysely'
import type { Database } from '../../store/database.ts'

/** Where a question was written down for people, and how it read. */
export interface PostedQuestion {
  /** Address of the API of the forge. */
  readonly origin: string
  readonly repositoryId: number
  readonly thread: number
  readonly commentId: number
  /** `sha256:…` of the comment as the forge gave it back. */
  readonly bodyHash: string
}

/** What the notification keeps as the name of the message. */
export function postedText(posted: PostedQuestion): string {
  const { origin, repositoryId, thread, commentId, bodyHash } = posted
  return `${origin} ${repositoryId} ${thread} ${commentId} ${bodyHash}`
}

const written = /^(\S+) (\d{1,15}) (\d{1,15}) (\d{1,15}) (sha256:[0-9a-f]{64})$/

/** The places where a request was asked by comment, the newest first. */
export async function postedQuestions(
  db: Kysely<Database>,
  request: string,
): Promise<readonly PostedQuestion[]> {
  const rows = await db
    .selectFrom('approval_notifications')
    .select('external_id')
    .where('request_id', '=', request)
    .where('kind', '=', 'created')
    .where('state', '=', 'sent')
    .where('external_id', 'is not', null)
    .orderBy('id', 'desc')
    .execute()
  return rows.flatMap(({ external_id }) => read(external_id ?? '') ?? [])
}

function read(text: string): PostedQuestion | null {
  const [, origin = '', repositoryId, thread, commentId, bodyHash] = written.exec(text) ?? []
  if (bodyHash === undefined) return null
  return {
    ...{ origin, bodyHash },
    repositoryId: Number(repositoryId),
    thread: Number(thread),
    commentId: Number(commentId),
  }
}
