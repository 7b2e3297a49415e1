import type { ApprovalQuestion } from '../../schemas/approval.ts'
import type { Actor, Answer, RefusalCode } from './approvals.ts'
import { expire } from './expire.ts'
import { giveGrant } from './grants/give-grant.ts'
import { usable } from './grants/grant-terms.ts'
import type { InForce, InForceReader } from './in-force/in-force.ts'
import { voidReason } from './in-force/void-reason.ts'
import { allMet, type Panel, teamsOf } from './panel.ts'
import { judgeOf, personOf } from './person.ts'
import { panelsFor, questionOf, type VoteRow, votesOf } from './present.ts'
import { refuse } from './refuse.ts'
import { unusedAfterMs } from './schedule.ts'
import { moved, type RequestRow, storable, type Transition, taken } from './transition.ts'

/** What an answer came to: null for a code when it counts. */
export interface Decided {
  readonly code: RefusalCode | null
  readonly row: RequestRow | null
  readonly votes?: readonly VoteRow[]
}

/** Counts one answer; the last that is needed, and any denial, ends the request. */
export async function decide(
  transition: Transition,
  id: string,
  answer: Answer,
  { actor, inForce }: { readonly actor: Actor; readonly inForce: InForceReader },
): Promise<Decided> {
  const attempt = { what: answer.decision, by: actor }
  const row = await taken(transition.db, id, ['pending'])
  if (row === null) return refuse(transition, id, attempt)
  const now = await inForce.of(transition.db, row.namespace)
  const closed = await close(transition, row, now)
  if (closed !== null) return refuse(transition, id, { ...attempt, code: closed })
  const question = questionOf(row)
  const panels = panelsFor(now.directory, row, question)
  const votes = await votesOf(transition.db, [id])
  const asked = { row, question, panels, votes }
  const seat = seatOf(asked, answer, actor, transition.at)
  if (typeof seat === 'string') return refuse(transition, id, { ...attempt, code: seat })
  const teams = teamsOf(now.directory, actor.user)
  const vote = voteRow(asked, seat, { answer, actor, teams, at: transition.at })
  await transition.db.insertInto('approval_votes').values(vote).execute()
  return count(transition, { ...asked, votes: [...votes, vote] }, answer, actor)
}

/** A request that is being answered, held until that is done: nobody else answers meanwhile. */
interface AskedRequest {
  readonly row: RequestRow
  readonly question: ApprovalQuestion
  readonly panels: readonly Panel[]
  /** Oldest first. */
  readonly votes: readonly VoteRow[]
}

/** Ends a pending request that no longer stands; why it cannot be answered, or null when it can. */
async function close(
  transition: Transition,
  request: RequestRow,
  inForce: InForce,
): Promise<RefusalCode | null> {
  if (await expire(transition, request)) return 'expired'
  const reason = voidReason(request, inForce, transition.at.getTime())
  if (reason === null) return null
  await moved(transition, request, { state: 'void', reason })
  return 'already_resolved'
}

interface Seat {
  readonly person: string
  readonly workflows: readonly string[]
}

/** What the answer of the actor counts for, or why it does not count. */
function seatOf(
  { panels, question, votes }: AskedRequest,
  answer: Answer,
  actor: Actor,
  at: Date,
): Seat | RefusalCode {
  const judge = actor.surface === 'ai'
  // A model may be the judge of several workflows, and answers for one.
  const person = judge ? judgeOf(actor.user, actor.evidence.workflow ?? '') : personOf(actor.user)
  const mine = panels.filter(panel =>
    judge ? panel.judge === person : panel.mayDecide.includes(actor.user),
  )
  if (mine.length === 0) {
    const own = !judge && panels.some(({ owners }) => owners.includes(actor.user))
    return own ? 'own_agent' : 'not_an_approver'
  }
  if (votes.some(vote => vote.person === person)) return 'already_voted'
  const bare = (answer.reason ?? '').trim() === ''
  if (bare && mine.some(({ requireReason }) => requireReason)) return 'reason_required'
  if (!mayGrant(answer, question, judge, at)) return 'grant_unusable'
  return { person, workflows: mine.map(({ workflow }) => workflow) }
}

/** A judge looks at one call and never at those to come. */
function mayGrant(
  { decision, grant }: Answer,
  question: ApprovalQuestion,
  judge: boolean,
  at: Date,
): boolean {
  if (grant === undefined) return true
  return decision === 'approve' && !judge && usable(grant, question, at.getTime())
}

function voteRow(
  { row }: AskedRequest,
  { person, workflows }: Seat,
  given: {
    readonly answer: Answer
    readonly actor: Actor
    readonly teams: readonly string[]
    readonly at: Date
  },
): VoteRow {
  const { decision, reason, grant } = given.answer
  const { user, surface, identity, evidence } = given.actor
  return {
    request_id: row.id,
    person,
    user_name: user,
    decision,
    reason: storable(reason, 4096),
    surface,
    identity: storable(identity, 1024) ?? '',
    evidence: JSON.stringify(evidence),
    teams: given.teams,
    workflows,
    grant_terms: grant ? JSON.stringify(grant) : null,
    at: given.at,
  }
}

async function count(
  transition: Transition,
  { row, question, panels, votes }: AskedRequest,
  { decision, reason = '' }: Answer,
  by: Actor,
): Promise<Decided> {
  const { at, say } = transition
  const detail = reason === '' ? decision : `${decision}: ${reason}`
  say(row, 'pending', { type: 'vote', by, detail })
  if (decision === 'deny') {
    const denied = await moved(transition, row, { state: 'denied', by, reason })
    return { code: null, row: denied, votes }
  }
  if (!allMet(panels, votes)) return { code: null, row, votes }
  const next_at = new Date(at.getTime() + unusedAfterMs)
  const approved = await moved(transition, row, { state: 'approved', by, set: { next_at } })
  const granted = await giveGrant(transition, row, question, { panels, votes })
  if (granted !== null) say(row, 'approved', { type: 'granted', by, detail: granted })
  return { code: null, row: approved, votes }
}
