import type { Kysely } from 'kysely'
import type { TableRelease } from '../../schemas/table-release.ts'
import type { Database } from '../store/database.ts'

/** A release as proxies got it, by its number; null when it is not known. */
export async function releaseBy(
  db: Kysely<Database>,
  sequence: number,
): Promise<TableRelease | null> {
  const row = await db
    .selectFrom('releases')
    .selectAll()
    .where('sequence', '=', sequence)
    .executeTakeFirst()
  if (row === undefined) return null
  const { namespace, digest, published_at, next, key_id: keyId, signature } = row
  return {
    ...{ namespace, sequence: Number(row.sequence), digest },
    publishedAt: published_at.toISOString(),
    ...(next !== null && { next: JSON.parse(next) }),
    ...{ keyId, signature },
  }
}
