import type { Kysely } from 'kysely'
import { type DecisionOutcome, decisionOutcomes } from '../../../schemas/approval-request.ts'
import type { Database } from '../../store/database.ts'

/** What tells a decision from every other: the object that it was added to, and its place there. */
export interface DecisionIdentity extends Readonly<Record<string, string>> {
  readonly object: string
  readonly decision: string
}

/** What became of a decision. */
export interface DecisionAnswer {
  readonly outcome: DecisionOutcome
  readonly at: Date
}

/**
 * What the history of a request says of a decision, or null when it was never looked at. The history is
 * written with the vote, so whoever ended in between finds here what it did.
 */
export async function answeredBefore(
  db: Kysely<Database>,
  request: string,
  identity: DecisionIdentity,
): Promise<DecisionAnswer | null> {
  const row = await db
    .selectFrom('approval_events')
    .select(['type', 'detail', 'at'])
    .where('request_id', '=', request)
    .where('surface', '=', 'kubernetes')
    .where('evidence', '=', JSON.stringify(identity))
    .where('type', 'in', ['vote', 'attempt_refused'])
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  if (row === undefined) return null
  return { outcome: row.type === 'vote' ? 'counted' : refusalIn(row.detail), at: row.at }
}

/** The history of a refusal reads `approve: not_an_approver`. */
function refusalIn(detail: string | null): DecisionOutcome {
  return decisionOutcomes.find(outcome => detail?.endsWith(`: ${outcome}`)) ?? 'unknown_request'
}
