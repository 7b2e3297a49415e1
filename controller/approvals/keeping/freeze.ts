import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../../store/database.ts'
import {
  type RequestRow,
  type Transition,
  type TransitionNeeds,
  transition,
} from '../transition.ts'

type Moved = Pick<RequestRow, 'id' | 'namespace' | 'state'>

/** Halts `h` that stand and are about the call of the request `r`. */
const covering = sql`halts h where h.lifted_at is null
  and (h.namespace is null or h.namespace = r.namespace)
  and (h.agent is null or h.agent = r.agent)
  and (h.what = 'all' or (h.what = 'models') = (r.question::json ->> 'kind' = 'model'))`

const isHalted = sql<boolean>`exists (select 1 from ${covering})`

/** Whether a halt is about the call of a request now. */
export async function halted(db: Transaction<Database>, id: string): Promise<boolean> {
  const { rows } = await sql<{ halted: boolean }>`
    select ${isHalted} as halted from approval_requests r where r.id = ${id}`.execute(db)
  return rows[0]?.halted === true
}

/** Whether there are requests whose clocks have to go on. */
export const mustThaw = sql<boolean>`exists (
  select 1 from approval_requests r where r.frozen_at is not null and not ${isHalted})`

/**
 * Stops the clocks of open requests whose calls are halted, from when they were, and lets those of others go on with
 * what was left of their time.
 */
export async function settleClocks(moves: TransitionNeeds): Promise<void> {
  if (await isSettled(moves.db)) return
  await transition(moves, async moving => {
    for (const row of await frozen(moving)) moving.say(row, row.state, { type: 'frozen' })
    for (const row of await thawed(moving)) moving.say(row, row.state, { type: 'thawed' })
  })
}

async function isSettled(db: Kysely<Database>): Promise<boolean> {
  const { rows } = await sql<{ busy: boolean }>`
    select exists (select 1 from halts where lifted_at is null)
      or exists (select 1 from approval_requests where frozen_at is not null) as busy`.execute(db)
  return rows[0]?.busy !== true
}

async function frozen({ db }: Transition): Promise<readonly Moved[]> {
  const { rows } = await sql<Moved>`
    update approval_requests r
    set frozen_at = greatest(r.requested_at, (select min(h.at) from ${covering}))
    where r.state in ('pending', 'approved') and r.frozen_at is null and ${isHalted}
    returning r.id, r.namespace, r.state`.execute(db)
  return rows
}

/** An approval that was given meanwhile has waited only since then. */
async function thawed({ db, at }: Transition): Promise<readonly Moved[]> {
  const stood = sql`greatest(interval '0', ${at}::timestamptz - r.frozen_at)`
  const waited = sql`greatest(interval '0',
    ${at}::timestamptz - greatest(r.frozen_at, coalesce(r.resolved_at, r.frozen_at)))`
  const { rows } = await sql<Moved>`
    update approval_requests r
    set frozen_at = null,
      frozen_ms = r.frozen_ms + (extract(epoch from ${stood}) * 1000)::bigint,
      expires_at = case r.state when 'pending' then r.expires_at + ${stood} else r.expires_at end,
      acted_until = r.acted_until + ${stood},
      next_at = case r.state when 'pending' then r.next_at + ${stood}
        when 'approved' then r.next_at + ${waited} else r.next_at end
    where r.frozen_at is not null and not ${isHalted}
    returning r.id, r.namespace, r.state`.execute(db)
  return rows.filter(({ state }) => state === 'pending' || state === 'approved')
}
