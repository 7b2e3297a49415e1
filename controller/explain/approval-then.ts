import type { Kysely } from 'kysely'
import type { ApprovalVote } from '../../schemas/approval.ts'
import type { CallExplanation } from '../../schemas/call-explanation.ts'
import { requestBy, votesOf } from '../approvals/present.ts'
import type { Database } from '../store/database.ts'
import type { ReadCall } from './read-call.ts'

type ApprovalThen = NonNullable<CallExplanation['approval']>

/** What people had been asked about a call, and had answered by the time it had ended; null when nobody was asked. */
export async function approvalThen(
  db: Kysely<Database>,
  { attempt, outcome }: ReadCall,
): Promise<ApprovalThen | null> {
  const { approval: id, workflows = [], approvedBy = [] } = attempt.entry
  if (id === undefined) return null
  const request = await requestBy(db, id)
  if (request === null) return { id, workflows, votes: approvedBy }
  const until = new Date(outcome?.time ?? attempt.time ?? 0)
  const { requested_at, expires_at, resolved_at, grant_id, reason } = request
  const isResolved = resolved_at !== null && resolved_at <= until
  const votes = await votesThen(db, id, until)
  return {
    id,
    state: request.state,
    stateThen: await stateThen(db, id, until),
    workflows: request.workflows,
    requestedAt: requested_at.toISOString(),
    expiresAt: expires_at.toISOString(),
    ...(isResolved && { resolvedAt: resolved_at.toISOString() }),
    ...(grant_id !== null && { grant: grant_id }),
    ...(reason !== null && isResolved && { reason }),
    votes: votes.length === 0 ? approvedBy : votes,
  }
}

/** What happened to a request that changed where it stands. */
const states: Readonly<Record<string, string>> = {
  created: 'pending',
  approved: 'approved',
  denied: 'denied',
  expired: 'expired',
  cancelled: 'cancelled',
  consumed: 'consumed',
  void: 'void',
}

async function stateThen(db: Kysely<Database>, id: string, until: Date): Promise<string> {
  const events = await db
    .selectFrom('approval_events')
    .select('type')
    .where('request_id', '=', id)
    .where('at', '<=', until)
    .orderBy('id')
    .execute()
  return events.flatMap(({ type }) => states[type] ?? []).at(-1) ?? 'pending'
}

async function votesThen(
  db: Kysely<Database>,
  id: string,
  until: Date,
): Promise<readonly ApprovalVote[]> {
  const votes = await votesOf(db, [id])
  return votes
    .filter(({ at }) => at <= until)
    .map(({ user_name: user, at, reason, decision, surface, identity, teams, workflows }) => ({
      ...{ user, decision, surface, identity, teams, workflows },
      ...(reason !== null && { reason }),
      at: at.toISOString(),
    }))
}
