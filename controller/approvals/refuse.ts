import type { Transaction } from 'kysely'
import type { Database } from '../store/database.ts'
import type { Actor, RefusalCode } from './approvals.ts'
import { eventRow, type RequestRow, type Transition } from './transition.ts'

/** What was tried in vain. */
interface Attempt {
  readonly what: string
  readonly by: Actor | string
  /** Why it is refused; found by the state of the request when omitted. */
  readonly code?: RefusalCode
}

/** Attempts that are recorded on one request; whoever makes more adds nothing to know. */
const mostAttempts = 200

/** An attempt that changed nothing: why, and how the request stands. */
export interface Refused {
  readonly code: RefusalCode
  readonly row: RequestRow | null
}

/** Records an attempt that changes nothing. */
export async function refuse(
  transition: Transition,
  id: string,
  { what, by, code }: Attempt,
): Promise<Refused> {
  const { db, at, say } = transition
  const row = await withAttempts(db, id)
  const why = code ?? closedBecause(row)
  const said = { type: 'attempt_refused', by, detail: `${what}: ${why}` } as const
  if (row === null) {
    const detail = `${said.detail} ${id.slice(0, 64)}`
    await db
      .insertInto('approval_events')
      .values(eventRow(null, { ...said, detail }, at))
      .execute()
  } else if (row.attempts < mostAttempts) {
    say(row, row.state, said)
  }
  return { code: why, row }
}

function closedBecause(row: RequestRow | null): RefusalCode {
  if (row === null) return 'unknown_request'
  return row.state === 'expired' ? 'expired' : 'already_resolved'
}

async function withAttempts(
  db: Transaction<Database>,
  id: string,
): Promise<(RequestRow & { readonly attempts: number }) | null> {
  const row = await db
    .selectFrom('approval_requests')
    .selectAll()
    .select(eb =>
      eb
        .selectFrom('approval_events')
        .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('attempts'))
        .whereRef('request_id', '=', 'approval_requests.id')
        .where('type', '=', 'attempt_refused')
        .as('attempts'),
    )
    .where('id', '=', id)
    .executeTakeFirst()
  return row ? { ...row, attempts: row.attempts ?? 0 } : null
}
