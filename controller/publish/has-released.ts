import type { Kysely } from 'kysely'
import type { Database } from '../store/database.ts'

/** Whether a table is or was in force in a namespace, or comes into force there by itself. */
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
  if (row !== undefined) return true
  const step = await db
    .selectFrom('release_steps')
    .select('digest')
    .where('namespace', '=', namespace)
    .where('digest', '=', digest)
    .limit(1)
    .executeTakeFirst()
  return step !== undefined
}
