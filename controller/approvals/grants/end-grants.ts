import type { Kysely } from 'kysely'
import type { Database } from '../../store/database.ts'
import type { Actor, Grant, RefusalCode } from '../approvals.ts'
import type { InForce, InForceReader } from '../in-force/in-force.ts'
import { voidReason } from '../in-force/void-reason.ts'
import { allMet } from '../panel.ts'
import { panelsFor, questionOf } from '../present.ts'
import { refuse } from '../refuse.ts'
import {
  moved,
  storable,
  type Transition,
  type TransitionNeeds,
  taken,
  transition,
} from '../transition.ts'
import { type GrantRow, giversOf, originOf } from './grant-origin.ts'
import type { GrantTemplate } from './grant-terms.ts'

const mostShown = 1000

/** Grants of a namespace, newest first. */
export async function listGrants(db: Kysely<Database>, namespace: string): Promise<Grant[]> {
  const rows = await db
    .selectFrom('approval_grants')
    .selectAll()
    .where('namespace', '=', namespace)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(mostShown)
    .execute()
  return rows.map(shown)
}

function shown(row: GrantRow): Grant {
  const template: GrantTemplate = JSON.parse(row.args)
  const { money_argument: argument, max_micro_usd: maxMicroUsd } = row
  return {
    id: row.id,
    request: row.request_id,
    namespace: row.namespace,
    agent: row.agent,
    ...(row.server !== null && { server: row.server }),
    tool: row.tool,
    args: Object.fromEntries(
      Object.entries(template).map(([name, digest]) => [name, digest === null ? 'any' : 'equal']),
    ),
    uses: row.uses,
    used: row.used,
    ...(argument !== null &&
      maxMicroUsd !== null && {
        money: { argument, maxMicroUsd, spentMicroUsd: row.spent_micro_usd },
      }),
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    ...(row.ended_at && { endedAt: row.ended_at.toISOString() }),
    ...(row.reason !== null && { reason: row.reason }),
  }
}

/** Ends a grant in the name of somebody who has a say in what it grants; null, or why not. */
export async function revoke(
  moving: Transition,
  id: string,
  reason: string,
  { actor, inForce }: { readonly actor: Actor; readonly inForce: InForceReader },
): Promise<RefusalCode | null> {
  const grant = await moving.db
    .selectFrom('approval_grants')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  const origin = grant ? await originOf(moving.db, grant) : null
  if (grant === undefined || origin === null) return 'unknown_request'
  const { directory } = await inForce.of(moving.db, origin.namespace)
  const panels = panelsFor(directory, origin, questionOf(origin))
  // Ending a grant allows nothing, so the owner of the agent may.
  const may = panels.some(({ mayDecide, owners }) => [...mayDecide, ...owners].includes(actor.user))
  const attempt = { what: `revoke ${id}`, by: actor }
  if (!may) return (await refuse(moving, origin.id, { ...attempt, code: 'not_an_approver' })).code
  const ended = await endGrant(moving, grant, reason, actor)
  if (ended) return null
  return (await refuse(moving, origin.id, { ...attempt, code: 'already_resolved' })).code
}

/** Ends the live grants of a namespace that what is in force no longer supports. */
export async function reconsiderGrants(
  moves: TransitionNeeds,
  inForce: InForceReader,
  namespace: string,
): Promise<void> {
  const { db } = moves
  const now = await inForce.of(db, namespace)
  const live = await db
    .selectFrom('approval_grants')
    .selectAll()
    .where('namespace', '=', namespace)
    .where('ended_at', 'is', null)
    .execute()
  for (const grant of live) {
    const reason = await endOf(db, grant, now, moves.now())
    if (reason !== null) await transition(moves, moving => endGrant(moving, grant, reason))
  }
}

async function endOf(
  db: Kysely<Database>,
  grant: GrantRow,
  inForce: InForce,
  now: number,
): Promise<string | null> {
  const origin = await originOf(db, grant)
  if (origin === null) return 'rule_removed'
  const reason = voidReason(origin, inForce, now)
  if (reason !== null) return reason
  const panels = panelsFor(inForce.directory, origin, questionOf(origin))
  return allMet(panels, await giversOf(db, grant)) ? null : 'decider_left'
}

/** Ends a grant and the approvals by it that were not used; false when it has ended already. */
async function endGrant(
  moving: Transition,
  { id, request_id, namespace }: Pick<GrantRow, 'id' | 'request_id' | 'namespace'>,
  reason: string,
  by?: Actor,
): Promise<boolean> {
  const { db, at, say } = moving
  const { numUpdatedRows } = await db
    .updateTable('approval_grants')
    .set({ ended_at: at, reason: storable(reason, 4096) ?? 'revoked' })
    .where('id', '=', id)
    .where(eb => eb.or([eb('ended_at', 'is', null), eb('reason', '=', 'used_up')]))
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) return false
  const origin = await originOf(db, { request_id })
  const detail = `${id}: ${reason}`
  if (origin)
    say({ ...origin, namespace }, origin.state, { type: 'grant_ended', detail, ...(by && { by }) })
  const open = await db
    .selectFrom('approval_requests')
    .select('id')
    .where('grant_id', '=', id)
    .where('state', '=', 'approved')
    .execute()
  for (const { id } of open) {
    const row = await taken(db, id, ['approved'])
    if (row) await moved(moving, row, { state: 'void', reason: 'grant_ended', ...(by && { by }) })
  }
  return true
}
