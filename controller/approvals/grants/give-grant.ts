import type { ApprovalQuestion } from '../../../schemas/approval.ts'
import type { GrantTerms } from '../approvals.ts'
import { allMet, type Panel } from '../panel.ts'
import type { VoteRow } from '../present.ts'
import { newId } from '../request-id.ts'
import type { RequestRow, Transition } from '../transition.ts'
import { microUsdOf, narrowest } from './grant-terms.ts'

/**
 * Makes the standing grant of a request that is approved now, if those who gave one are enough to approve
 * without the others. Says what it is, or null. The call that was asked about is its first use.
 */
export async function giveGrant(
  { db, at }: Transition,
  row: RequestRow,
  question: ApprovalQuestion,
  { panels, votes }: { readonly panels: readonly Panel[]; readonly votes: readonly VoteRow[] },
): Promise<string | null> {
  const givers = votes.filter(({ grant_terms }) => grant_terms !== null)
  if (givers.length === 0 || !allMet(panels, givers)) return null
  const all = givers.map(({ grant_terms }): GrantTerms => JSON.parse(grant_terms ?? ''))
  const terms = narrowest(all, question)
  if (terms === null) return null
  const { uses, expiresAt, template, money } = terms
  const cost = money ? microUsdOf(question, money.argument) : 0
  if (cost === null || (money && cost > money.most)) return null
  const id = newId('agr')
  await db
    .insertInto('approval_grants')
    .values({
      id,
      request_id: row.id,
      namespace: row.namespace,
      agent: row.agent,
      key_sha256: row.key_sha256,
      kind: question.kind,
      server: row.server,
      tool: row.tool,
      schema_digest: row.schema_digest,
      args: JSON.stringify(template),
      uses,
      used: 1,
      money_argument: money?.argument ?? null,
      max_micro_usd: money?.most ?? null,
      spent_micro_usd: cost,
      created_at: at,
      expires_at: expiresAt,
      ...(uses === 1 ? { ended_at: at, reason: 'used_up' } : { ended_at: null, reason: null }),
    })
    .execute()
  await db
    .insertInto('approval_grant_uses')
    .values({ request_id: row.id, grant_id: id, micro_usd: cost, at })
    .execute()
  return `${id}: ${uses} calls until ${expiresAt.toISOString()}`
}
