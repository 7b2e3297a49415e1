import type { Kysely } from 'kysely'
import type { ApprovalRequest } from '../../../schemas/approval.ts'
import type { ApprovalDecision, DecisionOutcome } from '../../../schemas/approval-request.ts'
import type { Directory } from '../../../schemas/directory.ts'
import type { Actor, Approvals } from '../../approvals/approvals.ts'
import { refusalText } from '../../approvals/refusal-text.ts'
import type { Database } from '../../store/database.ts'
import type { AdmissionGuard } from './admission-guard.ts'
import { answeredBefore, type DecisionAnswer, type DecisionIdentity } from './answered-before.ts'
import { userOf } from './user-of.ts'

export interface AnswerNeeds {
  readonly approvals: Pick<Approvals, 'decide' | 'attempted'>
  readonly db: Kysely<Database>
  /** Who is who in a namespace, by what is in force. */
  readonly directoryOf: (namespace: string) => Directory | null
  readonly guard: AdmissionGuard
  readonly now: () => number
}

/** The decisions that stand in an object. */
export interface AddedDecisions {
  readonly request: ApprovalRequest
  /** Identity of the object. */
  readonly uid: string
  readonly decisions: readonly ApprovalDecision[]
}

/** Takes every decision that has no outcome to the approvals, each once, and gives all of them with their outcomes. */
export async function answerDecisions(
  needs: AnswerNeeds,
  { request, uid, decisions }: AddedDecisions,
): Promise<readonly ApprovalDecision[]> {
  const answered: ApprovalDecision[] = []
  for (const [place, decision] of decisions.entries()) {
    const identity = { object: uid, decision: String(place) }
    answered.push(
      decision.outcome === undefined ? await answer(needs, request, decision, identity) : decision,
    )
  }
  return answered
}

async function answer(
  needs: AnswerNeeds,
  request: ApprovalRequest,
  decision: ApprovalDecision,
  identity: DecisionIdentity,
): Promise<ApprovalDecision> {
  const before = () => answeredBefore(needs.db, request.id, identity)
  const known = await before()
  const { outcome, at } = known ?? (await decided(needs, request, decision, identity, before))
  const { by, decision: word, reason } = decision
  return {
    ...{ by, decision: word },
    ...(reason !== undefined && { reason }),
    at: at.toISOString(),
    outcome,
    message: messageOf(outcome, request),
  }
}

/** Decides; what the history says of it afterwards is what happened, whoever was faster. */
async function decided(
  { approvals, directoryOf, guard, now }: AnswerNeeds,
  { id, namespace }: ApprovalRequest,
  { by, decision, reason }: ApprovalDecision,
  evidence: DecisionIdentity,
  before: () => Promise<DecisionAnswer | null>,
): Promise<DecisionAnswer> {
  const user = userOf(directoryOf(namespace), by)
  const actor: Actor = { user, surface: 'kubernetes', identity: by, evidence }
  if (!(await guard.holds())) {
    await approvals.attempted(id, `${decision}: unguarded`, { ...actor, user: '' })
    return { outcome: 'unguarded', at: new Date(now()) }
  }
  const answer = { decision, ...(reason !== undefined && { reason }) }
  const answered = await approvals.decide(id, answer, actor)
  const outcome = answered.outcome === 'counted' ? 'counted' : answered.code
  return (await before()) ?? { outcome, at: new Date(now()) }
}

function messageOf(outcome: DecisionOutcome, request: ApprovalRequest): string {
  if (outcome === 'counted') return 'It counts.'
  if (outcome === 'unguarded') {
    return 'Nobody checks whose name this is: the ValidatingAdmissionPolicy writ-approvals is not in force.'
  }
  return refusalText(outcome, request)
}
