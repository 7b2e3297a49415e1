import type { Insertable, Kysely, Selectable, Transaction } from 'kysely'
import { redactText } from '../../records/redact/redact.ts'
import type { ApprovalEvent } from '../../schemas/approval.ts'
import type { ApprovalState } from '../../schemas/approval-state.ts'
import type { ApprovalEventRow, ApprovalRequestRow, Database } from '../store/database.ts'
import type { Actor, ApprovalChange } from './approvals.ts'
import type { Changes } from './changes.ts'

/** A request as it is stored. */
export type RequestRow = Selectable<ApprovalRequestRow>

/** One transaction that moves requests; what it says happened is stored with it and told after it. */
export interface Transition {
  readonly db: Transaction<Database>
  /** One instant for everything in it. */
  readonly at: Date
  /** Writes into the history of a request, which now stands as `state` says. */
  say(request: Pick<RequestRow, 'id' | 'namespace'>, state: ApprovalState, said: Said): void
}

/** What happened, and who did it. */
export interface Said {
  readonly type: ApprovalEvent['type']
  readonly detail?: string | undefined
  /** A person, a judge, a proxy; nobody when time did it. */
  readonly by?: Actor | string
}

export interface TransitionNeeds {
  readonly db: Kysely<Database>
  readonly now: () => number
  readonly changes: Changes
  /** Tells other processes on the same store of events, by number, once the transaction is committed. */
  readonly announce: (db: Transaction<Database>, events: readonly number[]) => Promise<void>
}

/** Does the work in one transaction, all or nothing; listeners hear of it once it is committed. */
export async function transition<T>(
  { db, now, changes, announce }: TransitionNeeds,
  work: (transition: Transition) => Promise<T>,
): Promise<T> {
  const told: ApprovalChange[] = []
  const result = await db.transaction().execute(async db => {
    const at = new Date(now())
    const rows: Insertable<ApprovalEventRow>[] = []
    const result = await work({
      db,
      at,
      say({ id, namespace }, state, said) {
        const row = eventRow(id, said, at)
        rows.push(row)
        told.push({ id, namespace, state, event: eventOf(row) })
      },
    })
    if (rows.length > 0) await announce(db, await append(db, rows))
    return result
  })
  changes.tell(told)
  return result
}

async function append(
  db: Transaction<Database>,
  rows: readonly Insertable<ApprovalEventRow>[],
): Promise<readonly number[]> {
  const stored = await db.insertInto('approval_events').values(rows).returning('id').execute()
  return stored.map(({ id }) => id)
}

const mostDetail = 4096

/** An event as it is stored; `request` is null when nobody knows which one was meant. */
export function eventRow(
  request: string | null,
  { type, detail, by }: Said,
  at: Date,
): Insertable<ApprovalEventRow> {
  const actor = typeof by === 'object' ? by : null
  return {
    request_id: request,
    type,
    by_name: storable(actor ? actor.user || actor.identity : by, 512),
    surface: actor?.surface ?? null,
    identity: storable(actor?.identity, 1024),
    detail: storable(detail, mostDetail),
    evidence: actor && JSON.stringify(actor.evidence).slice(0, mostDetail),
    at,
  }
}

/** Text as a column can hold it, without credentials: PostgreSQL knows neither NUL nor half of a surrogate pair. */
export function storable(text: unknown, most: number): string | null {
  if (typeof text !== 'string' || text === '') return null
  return redactText(text, most).slice(0, most).toWellFormed().replaceAll('\0', '\uFFFD')
}

/** An event as it is read. */
export function eventOf(row: Insertable<ApprovalEventRow>): ApprovalEvent {
  return {
    at: new Date(row.at).toISOString(),
    type: row.type,
    ...(row.by_name && { by: row.by_name }),
    ...(row.surface && { surface: row.surface }),
    ...(row.detail && { detail: row.detail }),
  }
}

/** Takes the request if it is in one of the states, and keeps everybody else from it until the transaction ends. */
export async function taken(
  db: Transaction<Database>,
  id: string,
  states: readonly ApprovalState[],
): Promise<RequestRow | null> {
  const row = await db
    .updateTable('approval_requests')
    .set(eb => ({ revision: eb('revision', '+', 1) }))
    .where('id', '=', id)
    .where('state', 'in', states)
    .returningAll()
    .executeTakeFirst()
  return row ?? null
}

/** Moves a request out of a state if it is still in it, and says so. The row as it is then; null for all but one caller. */
export async function moved(
  { db, at, say }: Transition,
  row: RequestRow,
  to: {
    readonly state: Exclude<ApprovalState, 'pending'>
    readonly reason?: string | undefined
    readonly by?: Actor | string
    readonly detail?: string
    readonly set?: Partial<Insertable<ApprovalRequestRow>>
  },
): Promise<RequestRow | null> {
  const done = await db
    .updateTable('approval_requests')
    .set({
      state: to.state,
      ...(row.state === 'pending' && { resolved_at: at }),
      ...(to.state !== 'approved' && { next_at: null }),
      ...(to.reason !== undefined && { reason: storable(to.reason, mostDetail) }),
      ...to.set,
    })
    .where('id', '=', row.id)
    .where('state', '=', row.state)
    .returningAll()
    .executeTakeFirst()
  if (done === undefined) return null
  say(row, to.state, {
    type: to.state,
    detail: to.detail ?? to.reason,
    ...(to.by !== undefined && { by: to.by }),
  })
  return done
}
