import { type Kysely, sql } from 'kysely'
import type { Database } from '../../store/database.ts'
import type { InForce, InForceReader } from '../in-force/in-force.ts'
import { type VoidReason, voidReason } from '../in-force/void-reason.ts'
import { allMet } from '../panel.ts'
import { panelsFor, questionOf, votesOf } from '../present.ts'
import {
  moved,
  type RequestRow,
  type Transition,
  type TransitionNeeds,
  taken,
  transition,
} from '../transition.ts'
import { dueBy } from './sweep.ts'

const page = 200

/** Namespaces with a request that is open or a grant that stands. */
export async function openNamespaces(db: Kysely<Database>): Promise<readonly string[]> {
  const { rows } = await sql<{ namespace: string }>`
    select namespace from approval_requests where state in ('pending', 'approved')
    union
    select namespace from approval_grants where ended_at is null`.execute(db)
  return rows.map(({ namespace }) => namespace)
}

/** Looks at every open request of a namespace again: ends those that no longer stand, and moves escalations and reminders. */
export async function reconsider(
  moves: TransitionNeeds,
  inForce: InForceReader,
  namespace: string,
): Promise<void> {
  const { db } = moves
  let after = ''
  for (;;) {
    const rows = await db
      .selectFrom('approval_requests')
      .selectAll()
      .where('namespace', '=', namespace)
      .where('state', 'in', ['pending', 'approved'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(page)
      .execute()
    const now = await inForce.of(db, namespace)
    for (const row of rows) {
      if (!(await stands(db, row, now, moves.now()))) {
        await transition(moves, moving => again(moving, row.id, inForce))
      }
    }
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.id
  }
}

/** Whether there is nothing to do about it: looked at without holding it, since most stand. */
async function stands(
  db: Kysely<Database>,
  row: RequestRow,
  inForce: InForce,
  now: number,
): Promise<boolean> {
  if ((await endOf(db, row, inForce, now)) !== null) return false
  return row.state !== 'pending' || row.next_at?.getTime() === dueBy(inForce.directory, row)
}

async function again(moving: Transition, id: string, inForce: InForceReader): Promise<void> {
  const row = await taken(moving.db, id, ['pending', 'approved'])
  if (row === null) return
  const now = await inForce.of(moving.db, row.namespace)
  const reason = await endOf(moving.db, row, now, moving.at.getTime())
  if (reason !== null) {
    await moved(moving, row, { state: 'void', reason })
  } else if (row.state === 'pending') {
    await moving.db
      .updateTable('approval_requests')
      .set({ next_at: new Date(dueBy(now.directory, row)) })
      .where('id', '=', id)
      .where('state', '=', 'pending')
      .execute()
  }
}

/** Why it ends by what is in force; an approval also ends with those who gave it. */
async function endOf(
  db: Kysely<Database>,
  row: RequestRow,
  inForce: InForce,
  now: number,
): Promise<VoidReason | null> {
  const reason = voidReason(row, inForce, now)
  if (reason !== null || row.state !== 'approved') return reason
  const panels = panelsFor(inForce.directory, row, questionOf(row))
  return allMet(panels, await votesOf(db, [row.id])) ? null : 'decider_left'
}
