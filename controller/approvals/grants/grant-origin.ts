import type { Kysely, Selectable } from 'kysely'
import type { ApprovalGrantRow, Database } from '../../store/database.ts'
import { requestBy, type VoteRow, votesOf } from '../present.ts'
import type { RequestRow } from '../transition.ts'

/** A grant as it is stored. */
export type GrantRow = Selectable<ApprovalGrantRow>

type Given = Pick<GrantRow, 'request_id'>

/** The request that a grant was given with. */
export function originOf(db: Kysely<Database>, { request_id }: Given): Promise<RequestRow | null> {
  return requestBy(db, request_id)
}

/** The answers that gave it. */
export async function giversOf(
  db: Kysely<Database>,
  { request_id }: Given,
): Promise<readonly VoteRow[]> {
  return (await votesOf(db, [request_id])).filter(({ grant_terms }) => grant_terms !== null)
}
