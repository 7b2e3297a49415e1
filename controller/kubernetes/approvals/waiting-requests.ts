import { type Kysely, sql } from 'kysely'
import type { Database } from '../../store/database.ts'
import type { RequestPlace } from './mirror-request.ts'

/** The questions that wait for people: of each namespace at most so many, those that have waited longest. */
export async function waitingRequests(
  db: Kysely<Database>,
  most: number,
): Promise<readonly RequestPlace[]> {
  const { rows } = await sql<RequestPlace>`
    select id, namespace
    from (
      select id, namespace,
        row_number() over (partition by namespace order by requested_at, id) as place
      from approval_requests
      where state = 'pending'
    ) as waiting
    where place <= ${most}`.execute(db)
  return rows
}
