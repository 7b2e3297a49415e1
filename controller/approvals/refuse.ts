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

/** Records an attempt that changes nothing, and returns why it was refused. */
export async function refuse(
  transition: Transition,
  id: string,
  { what, by, code }: Attempt,
): Promise<RefusalCode> {
  const { db, at, say } = transition
  const row = await db
    .selectFrom('approval_requests')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  const why = code ?? closedBecause(row)
  const said = { type: 'attempt_refused', by, detail: `${what}: ${why}` } as const
  if (row === undefined) {
    const detail = `${said.detail} ${id.slice(0, 64)}`
    await db
      .insertInto('approval_events')
      .values(eventRow(null, { ...said, detail }, at))
      .execute()
  } else if ((await attemptsOn(db, id)) < mostAttempts) {
    say(row, row.state, said)
  }
  return why
}

function closedBecause(row: RequestRow | undefined): RefusalCode {
  if (row === undefined) return 'unknown_request'
  return row.state === 'expired' ? 'expired' : 'already_resolved'
}

async function attemptsOn(db: Transaction<Database>, id: string): Promise<number> {
  const { count } = await db
    .selectFrom('approval_events')
    .select(eb => eb.fn.countAll<number>().as('count'))
    .where('request_id', '=', id)
    .where('type', '=', 'attempt_refused')
    .executeTakeFirstOrThrow()
  return Number(count)
}
