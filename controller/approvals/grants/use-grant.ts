import { sql, type Transaction } from 'kysely'
import type { ApprovalQuestion } from '../../../schemas/approval.ts'
import { searchable } from '../../ledger/row.ts'
import type { Database } from '../../store/database.ts'
import type { InForce } from '../in-force/in-force.ts'
import { voidReason } from '../in-force/void-reason.ts'
import { allMet, panelsOf } from '../panel.ts'
import { questionOf, type VoteRow } from '../present.ts'
import { unusedAfterMs } from '../schedule.ts'
import type { RequestRow, Transition } from '../transition.ts'
import { type GrantRow, giversOf, originOf } from './grant-origin.ts'
import { fits, microUsdOf } from './grant-terms.ts'

/** A grant that answers, and the answers that it stands on. */
interface UsedGrant {
  readonly grant: GrantRow
  readonly votes: readonly VoteRow[]
  /** What the call takes from its limit, in micro-USD. */
  readonly cost: number
  /** Which use of the grant it is, from 1. */
  readonly use: number
}

/** Grants of one agent for one tool that are looked at for one question. */
const mostCandidates = 50

/**
 * Takes one use of a grant that covers the new request, or returns null. What it covers is looked up anew
 * each time: the rule, the key, the schema, and whether those who gave it may still decide what is asked now.
 */
export async function useGrant(
  { db, at }: Transition,
  row: RequestRow,
  question: ApprovalQuestion,
  inForce: InForce,
): Promise<UsedGrant | null> {
  for (const grant of await candidates(db, row, question, at)) {
    const cost = costOf(grant, question)
    if (cost === null) continue
    const votes = await backing(db, grant, row, question, { inForce, at })
    const use = votes && (await taken(db, grant, cost, at))
    if (votes !== null && use !== null) return { grant, votes, cost, use }
  }
  return null
}

function candidates(
  db: Transaction<Database>,
  row: RequestRow,
  question: ApprovalQuestion,
  at: Date,
): Promise<readonly GrantRow[]> {
  return db
    .selectFrom('approval_grants')
    .selectAll()
    .where('namespace', '=', row.namespace)
    .where('agent', '=', row.agent)
    .where('tool', '=', row.tool)
    .where('key_sha256', '=', row.key_sha256)
    .where('kind', '=', question.kind)
    .where('server', 'is not distinct from', searchable(question.server))
    .where('schema_digest', 'is not distinct from', row.schema_digest)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', at)
    .orderBy('expires_at')
    .limit(mostCandidates)
    .execute()
}

/** What the call costs by the grant's limit; null when the grant does not cover its arguments. */
function costOf(grant: GrantRow, question: ApprovalQuestion): number | null {
  if (!fits(JSON.parse(grant.args), question)) return null
  return grant.money_argument === null ? 0 : microUsdOf(question, grant.money_argument)
}

/** The answers that the grant stands on, if they are enough for what is asked now. */
async function backing(
  db: Transaction<Database>,
  grant: GrantRow,
  row: RequestRow,
  question: ApprovalQuestion,
  { inForce, at }: { readonly inForce: InForce; readonly at: Date },
): Promise<readonly VoteRow[] | null> {
  const origin = await originOf(db, grant)
  if (origin === null || origin.rule_print !== row.rule_print) return null
  if (questionOf(origin).name !== question.name) return null
  if (voidReason(origin, inForce, at.getTime()) !== null) return null
  const votes = await giversOf(db, grant)
  const { user } = question
  const panels = panelsOf(inForce.directory, row.workflows, { user, escalated: origin.escalated })
  return allMet(panels, votes) ? votes : null
}

/** Takes a use if there is one left, within the limit; of two that want the last one, one gets it. */
async function taken(
  db: Transaction<Database>,
  { id }: GrantRow,
  cost: number,
  at: Date,
): Promise<number | null> {
  const { rows } = await sql<{ used: number }>`
    update approval_grants
    set
      used = used + 1,
      spent_micro_usd = spent_micro_usd + ${cost}::bigint,
      ended_at = case when used + 1 >= uses then ${at}::timestamptz end,
      reason = case when used + 1 >= uses then 'used_up' end
    where id = ${id} and ended_at is null and expires_at > ${at}::timestamptz and used < uses
      and (max_micro_usd is null or spent_micro_usd + ${cost}::bigint <= max_micro_usd)
    returning used`.execute(db)
  return rows[0]?.used ?? null
}

/** How a request begins that a grant has answered: it does not outlive the grant. */
export function approvedBy({ grant }: UsedGrant, at: Date): Partial<RequestRow> {
  const unused = Math.min(at.getTime() + unusedAfterMs, grant.expires_at.getTime())
  return { state: 'approved', grant_id: grant.id, resolved_at: at, next_at: new Date(unused) }
}

/** Records the use, with the answers that the grant stands on. */
export async function noteUse(
  { db, at, say }: Transition,
  row: RequestRow,
  { grant, votes, cost, use }: UsedGrant,
): Promise<void> {
  const by = { user: '', surface: 'grant', identity: grant.id, evidence: {} } as const
  await db
    .insertInto('approval_grant_uses')
    .values({ request_id: row.id, grant_id: grant.id, micro_usd: cost, at })
    .execute()
  await db
    .insertInto('approval_votes')
    .values(
      votes.map(vote => ({
        ...vote,
        request_id: row.id,
        surface: by.surface,
        identity: by.identity,
        grant_terms: null,
        at,
      })),
    )
    .execute()
  say(row, 'approved', { type: 'approved', by, detail: `use ${use} of ${grant.uses}` })
}
