import type { Kysely, Selectable } from 'kysely'
import type {
  ApprovalNews,
  ApprovalQuestion,
  ApprovalRequest,
  ApprovalVote,
} from '../../schemas/approval.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { ApprovalVoteRow, Database } from '../store/database.ts'
import { countOf, type Panel, panelsOf } from './panel.ts'
import type { RequestRow } from './transition.ts'

/** A vote as it is stored. */
export type VoteRow = Selectable<ApprovalVoteRow>

/** The question of a request. */
export function questionOf(row: Pick<RequestRow, 'question'>): ApprovalQuestion {
  return JSON.parse(row.question)
}

/** The panels that a request asks, by the directory. */
export function panelsFor(
  directory: Directory | null,
  row: RequestRow,
  { user }: ApprovalQuestion,
): readonly Panel[] {
  return panelsOf(directory, row.workflows, { user, escalated: row.escalated })
}

/** A request by its id, or null. */
export async function requestBy(db: Kysely<Database>, id: string): Promise<RequestRow | null> {
  const row = await db
    .selectFrom('approval_requests')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  return row ?? null
}

/** The answers to requests, oldest first. */
export async function votesOf(
  db: Kysely<Database>,
  ids: readonly string[],
): Promise<readonly VoteRow[]> {
  if (ids.length === 0) return []
  return db
    .selectFrom('approval_votes')
    .selectAll()
    .where('request_id', 'in', ids)
    .orderBy('at')
    .orderBy('person')
    .execute()
}

/** Requests as people read them, in the order given; their answers are read unless they are known. */
export async function presented(
  db: Kysely<Database>,
  rows: readonly RequestRow[],
  directoryOf: (namespace: string) => Directory | null,
  known?: readonly VoteRow[],
): Promise<readonly ApprovalRequest[]> {
  const ids = rows.map(({ id }) => id)
  const votes = Map.groupBy(known ?? (await votesOf(db, ids)), vote => vote.request_id)
  const notices = Map.groupBy(await noticesOf(db, ids), notice => notice.request_id)
  return rows.map(row =>
    request(row, votes.get(row.id) ?? [], notices.get(row.id) ?? [], directoryOf(row.namespace)),
  )
}

async function noticesOf(db: Kysely<Database>, ids: readonly string[]) {
  if (ids.length === 0) return []
  return db
    .selectFrom('approval_notifications')
    .select(['request_id', 'channel', 'state', 'attempts', 'error'])
    .where('request_id', 'in', ids)
    .orderBy('id')
    .execute()
}

type Notice = Awaited<ReturnType<typeof noticesOf>>[number]

function request(
  row: RequestRow,
  votes: readonly VoteRow[],
  notices: readonly Notice[],
  directory: Directory | null,
): ApprovalRequest {
  const question = questionOf(row)
  const { agent, apiKey, user, session, kind, server, args, justification, rule, table } = question
  return {
    id: row.id,
    state: row.state,
    namespace: row.namespace,
    digest: row.digest,
    ...{ agent, apiKey },
    ...(user !== undefined && { user }),
    ...(session !== undefined && { session }),
    kind,
    ...(server !== undefined && { server }),
    tool: question.name,
    args,
    ...(justification !== undefined && { justification }),
    rule,
    workflow: row.workflows.join(','),
    workflows: panelsFor(directory, row, question).map(panel => asked(panel, votes)),
    table,
    requestedAt: row.requested_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    ...(row.escalated_at && { escalatedAt: row.escalated_at.toISOString() }),
    ...(row.resolved_at && { resolvedAt: row.resolved_at.toISOString() }),
    ...(row.consumed_at && { consumedAt: row.consumed_at.toISOString() }),
    ...(row.reason !== null && { reason: row.reason }),
    votes: votes.map(voteOf),
    notifications: notices.map(({ channel, state, attempts, error }) => ({
      ...{ channel, state, attempts },
      ...(error !== null && { error }),
    })),
  }
}

function asked(panel: Panel, votes: readonly VoteRow[]): ApprovalRequest['workflows'][number] {
  return {
    name: panel.workflow,
    ...countOf(panel, votes),
    mayDecide: panel.mayDecide,
    requireReason: panel.requireReason,
  }
}

function voteOf(row: VoteRow): ApprovalVote {
  return {
    user: row.user_name,
    decision: row.decision,
    ...(row.reason !== null && { reason: row.reason }),
    surface: row.surface,
    identity: row.identity,
    teams: row.teams,
    workflows: row.workflows,
    at: row.at.toISOString(),
  }
}

/** A request as the proxy that waits for it reads it. */
export function newsOf(
  row: RequestRow,
  votes: readonly VoteRow[],
  directory: Directory | null,
): ApprovalNews {
  const question = questionOf(row)
  const counts = panelsFor(directory, row, question).map(panel => countOf(panel, votes))
  const released = row.state === 'approved' || row.state === 'consumed'
  const approvals = votes.filter(({ decision }) => decision === 'approve')
  return {
    id: row.id,
    digest: row.digest,
    asker: { namespace: row.namespace, agent: question.agent, keySha256: row.key_sha256 },
    state: row.state,
    expiresAt: row.expires_at.toISOString(),
    required: counts.reduce((sum, { required }) => sum + required, 0),
    received: counts.reduce((sum, { required, received }) => sum + Math.min(required, received), 0),
    escalated: row.escalated_at !== null,
    ...(row.reason !== null && { reason: row.reason }),
    approvedBy: released ? approvals.map(voteOf) : [],
  }
}
