import type { Insertable } from 'kysely'
import type { ApprovalVoteRow } from '../store/database.ts'
import type { Actor, Answer, RefusalCode } from './approvals.ts'
import { expire } from './expire.ts'
import type { InForce, InForceReader } from './in-force.ts'
import { allMet, type Panel, teamsOf } from './panel.ts'
import { judgeOf, personOf } from './person.ts'
import { panelsFor, questionOf, votesOf } from './present.ts'
import { refuse } from './refuse.ts'
import { unusedAfterMs } from './schedule.ts'
import { moved, type RequestRow, storable, type Transition, taken } from './transition.ts'
import { voidReason } from './void-reason.ts'

/** Counts one answer; the last that is needed, and any denial, ends the request. Null when it counts, else why not. */
export async function decide(
  transition: Transition,
  id: string,
  answer: Answer,
  { actor, inForce }: { readonly actor: Actor; readonly inForce: InForceReader },
): Promise<RefusalCode | null> {
  const said = { what: answer.decision, by: actor }
  const request = await taken(transition.db, id, ['pending'])
  if (request === null) return refuse(transition, id, said)
  const now = await inForce.of(transition.db, request.namespace)
  const closed = await close(transition, request, now)
  if (closed !== null) return refuse(transition, id, { ...said, code: closed })
  const panels = panelsFor(now.directory, request, questionOf(request))
  const seat = seatOf(panels, answer, actor)
  if (typeof seat === 'string') return refuse(transition, id, { ...said, code: seat })
  const teams = teamsOf(now.directory, actor.user)
  const voted = await vote(transition, voteRow(request, seat, answer, actor, teams))
  if (!voted) return refuse(transition, id, { ...said, code: 'already_voted' })
  await count(transition, request, panels, answer, actor)
  return null
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
function seatOf(panels: readonly Panel[], answer: Answer, actor: Actor): Seat | RefusalCode {
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
  const bare = (answer.reason ?? '').trim() === ''
  if (bare && mine.some(({ requireReason }) => requireReason)) return 'reason_required'
  return { person, workflows: mine.map(({ workflow }) => workflow) }
}

type Vote = Omit<Insertable<ApprovalVoteRow>, 'at'>

function voteRow(
  request: RequestRow,
  { person, workflows }: Seat,
  { decision, reason }: Answer,
  { user, surface, identity, evidence }: Actor,
  teams: readonly string[],
): Vote {
  return {
    request_id: request.id,
    person,
    user_name: user,
    decision,
    reason: storable(reason, 4096),
    surface,
    identity: storable(identity, 1024) ?? '',
    evidence: JSON.stringify(evidence),
    teams,
    workflows,
    grant_terms: null,
  }
}

/** Whether it is the first vote of the person. */
async function vote({ db, at }: Transition, row: Vote): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('approval_votes')
    .values({ ...row, at })
    .onConflict(existing => existing.columns(['request_id', 'person']).doNothing())
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n
}

async function count(
  transition: Transition,
  request: RequestRow,
  panels: readonly Panel[],
  { decision, reason = '' }: Answer,
  by: Actor,
): Promise<void> {
  const detail = reason === '' ? decision : `${decision}: ${reason}`
  transition.say(request, 'pending', { type: 'vote', by, detail })
  if (decision === 'deny') {
    await moved(transition, request, { state: 'denied', by, reason })
    return
  }
  if (!allMet(panels, await votesOf(transition.db, [request.id]))) return
  const next_at = new Date(transition.at.getTime() + unusedAfterMs)
  await moved(transition, request, { state: 'approved', by, set: { next_at } })
}
