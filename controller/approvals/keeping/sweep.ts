import { type Kysely, sql } from 'kysely'
import type { Directory } from '../../../schemas/directory.ts'
import type { Database } from '../../store/database.ts'
import { expire } from '../expire.ts'
import type { InForceReader } from '../in-force/in-force.ts'
import { type Moment, momentsOf, nextDue } from '../schedule.ts'
import {
  type RequestRow,
  type Transition,
  type TransitionNeeds,
  taken,
  transition,
} from '../transition.ts'
import { mustThaw, settleClocks } from './freeze.ts'

/** Requests that one transaction ends: few enough that answers need not wait for long. */
const batch = 100

/** Does what is due by itself: expiry, approvals that nobody used, escalations, reminders. True when there may be more. */
export async function sweep(moves: TransitionNeeds, inForce: InForceReader): Promise<boolean> {
  await settleClocks(moves)
  const ended = await transition(moves, endOverdue)
  await endGrants(moves)
  const due = await dueNow(moves)
  for (const { id } of due) {
    await transition(moves, moving => actOn(moving, id, inForce))
  }
  return ended + due.length >= batch
}

/** When the next thing is due, in milliseconds since 1970, or null when nothing is. */
export async function nextSweep(db: Kysely<Database>): Promise<number | null> {
  const { rows } = await sql<{ next: Date | null }>`
    select least(
      (select min(next_at) from approval_requests
        where state in ('pending', 'approved') and frozen_at is null),
      case when ${mustThaw} then to_timestamp(0) end,
      (select min(expires_at) from approval_grants where ended_at is null)
    ) as next`.execute(db)
  return rows[0]?.next?.getTime() ?? null
}

/** Grants whose time has passed; their unused approvals end with them by their own time. */
async function endGrants({ db, now }: TransitionNeeds): Promise<void> {
  const at = new Date(now())
  await db
    .updateTable('approval_grants')
    .set({ ended_at: at, reason: 'expired' })
    .where('ended_at', 'is', null)
    .where('expires_at', '<=', at)
    .execute()
}

/** Ends what nobody answered and what nobody used, one batch. Whoever holds a request now decides about it. */
async function endOverdue({ db, at, say }: Transition): Promise<number> {
  const { rows } = await sql<Pick<RequestRow, 'id' | 'namespace' | 'state'>>`
    update approval_requests
    set
      state = case state when 'pending' then 'expired' else 'void' end,
      reason = case state when 'pending' then reason else 'unused' end,
      resolved_at = case state when 'pending' then ${at}::timestamptz else resolved_at end,
      next_at = null
    where state in ('pending', 'approved') and id in (
      select id from approval_requests
      where next_at <= ${at}::timestamptz and frozen_at is null
        and ((state = 'pending' and expires_at <= ${at}::timestamptz) or state = 'approved')
      order by next_at limit ${batch} for update skip locked
    )
    returning id, namespace, state`.execute(db)
  for (const row of rows) {
    if (row.state === 'void') say(row, 'void', { type: 'void', detail: 'unused' })
    else say(row, 'expired', { type: 'expired' })
  }
  return rows.length
}

function dueNow({ db, now }: TransitionNeeds): Promise<readonly Pick<RequestRow, 'id'>[]> {
  const at = new Date(now())
  return db
    .selectFrom('approval_requests')
    .select('id')
    .where('state', '=', 'pending')
    .where('next_at', '<=', at)
    .where('frozen_at', 'is', null)
    .where('expires_at', '>', at)
    .orderBy('next_at')
    .limit(batch)
    .execute()
}

/** Escalates and reminds as far as it is time; what is done is not done again, however the clock moves. */
async function actOn(moving: Transition, id: string, inForce: InForceReader): Promise<void> {
  const row = await taken(moving.db, id, ['pending'])
  if (row === null || (await expire(moving, row))) return
  const { directory } = await inForce.of(moving.db, row.namespace)
  const moments = momentsOf(directory, row.workflows, clockOf(row))
  const now = moving.at.getTime()
  const due = moments.filter(({ at }) => at > row.acted_until.getTime() && at <= now)
  const escalated = due
    .filter(({ type, workflow }) => type === 'escalated' && !row.escalated.includes(workflow))
    .map(({ workflow }) => workflow)
  const actedUntil = Math.max(now, row.acted_until.getTime())
  await moving.db
    .updateTable('approval_requests')
    .set({
      escalated: [...row.escalated, ...escalated].sort(),
      ...(escalated.length > 0 && { escalated_at: row.escalated_at ?? moving.at }),
      acted_until: new Date(actedUntil),
      next_at: new Date(nextDue(moments, actedUntil, row.expires_at.getTime())),
    })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .execute()
  for (const said of saidOf(escalated, due)) moving.say(row, 'pending', said)
}

/** However many reminders were due while nobody looked, people are reminded once. */
function saidOf(escalated: readonly string[], due: readonly Moment[]) {
  const reminded = due.some(({ type }) => type === 'reminded')
  return [
    ...escalated.map(detail => ({ type: 'escalated', detail }) as const),
    ...(reminded ? [{ type: 'reminded' } as const] : []),
  ]
}

/** When a request would have been made had its clocks never stood still. */
function clockOf({ requested_at, frozen_ms }: RequestRow): number {
  return requested_at.getTime() + frozen_ms
}

/** When the next thing is due for a pending request by the directory that is in force now. */
export function dueBy(directory: Directory | null, row: RequestRow): number {
  const moments = momentsOf(directory, row.workflows, clockOf(row))
  return nextDue(moments, row.acted_until.getTime(), row.expires_at.getTime())
}
