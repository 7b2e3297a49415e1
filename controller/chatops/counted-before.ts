import { type Kysely, sql } from 'kysely'
import type { Database } from '../store/database.ts'

/**
 * Whether a comment counts as an answer to a request already. The history is written with the vote, so
 * whoever ended in between finds here what it did.
 */
export async function countedBefore(
  db: Kysely<Database>,
  request: string,
  commentId: number,
): Promise<boolean> {
  const row = await db
    .selectFrom('approval_events')
    .select('id')
    .where('request_id', '=', request)
    .where('surface', '=', 'github')
    .where('type', '=', 'vote')
    .where(sql`evidence::jsonb ->> 'comment'`, '=', String(commentId))
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
