import type { Kysely } from 'kysely'
import type { Database } from '../store/database.ts'

/** Whether a table is or was in force in a namespace. */
export async function hasReleased(
  db: Kysely<Database>,
  namespace: string,
  digest: string,
): Promise<boolean> {
  const row = await db
    .selectFrom('releases')
    .select('sequence')
    .where('namespace', '=', namespace)
    .where('digest', '=', digest)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
