import type { ApprovalNews } from '../../schemas/approval.ts'
import { type Answer, answerWith, type Exchange, type Firewall } from '../mcp/exchange.ts'
import { refuse } from '../mcp/forward.ts'
import type { Judged } from '../mcp/judge.ts'
import type { Refusal } from '../mcp/refusal.ts'
import type { JsonObject } from '../mcp/rpc.ts'
import { refusalWithout, sentenceOn } from './asked-refusal.ts'
import { isOwner, ownerOf } from './call-digest.ts'
import { askerNow, collect } from './collect.ts'
import { keptIn } from './left-over.ts'
import { nextRound } from './next-round.ts'
import type { OpenRequest } from './open-request.ts'
import { isApprovalId } from './parse-news.ts'
import { peopleIn, pollSeconds } from './pending-answer.ts'
import { answerKept } from './run.ts'

/** `get_approval_status`: how a request stands; the first look at an approved one makes its parked call. */
export async function getApprovalStatus(
  firewall: Firewall,
  exchange: Exchange,
  judged: Judged,
): Promise<Answer> {
  const { questions, requests } = firewall.approvals
  const { id } = judged.subject.args
  if (typeof id !== 'string' || !isApprovalId(id)) return unknown(firewall, exchange, judged)
  const owner = ownerOf(exchange.client.caller)
  const request = requests.find(id, owner)
  try {
    if (request !== null) return await look(firewall, exchange, request)
    const news = await questions.look(id)
    return news !== null && isOwner(news.asker, owner)
      ? answerStatus(exchange, firewall, news, sentenceFor(news))
      : unknown(firewall, exchange, judged)
  } catch (error) {
    return refuse(firewall, exchange, judged, refusalWithout(judged, error))
  }
}

async function look(firewall: Firewall, exchange: Exchange, request: OpenRequest): Promise<Answer> {
  const { questions, rounds } = firewall.approvals
  if (!questions.live && !request.resolved) request.hear(await questions.look(request.id))
  const round = rounds.take(request.digest, exchange.params)
  if (round !== null) {
    const ready = await round.prepare(askerNow(firewall, exchange, request))
    return ready.refusal === null
      ? nextRound(firewall, exchange, ready.errand, round)
      : refuse(firewall, exchange, ready.judged, ready.refusal)
  }
  const { run, parked, news } = request
  if (run !== null) return answerRun(firewall, exchange, request, run)
  if (news.state === 'approved' && parked !== null) {
    return collect(firewall, exchange, request, parked)
  }
  const asked = news.state === 'pending' ? ` Asked: ${peopleIn(request.workflows)}.` : ''
  return answerStatus(exchange, firewall, news, `${sentenceFor(news)}${asked}`)
}

function answerRun(
  firewall: Firewall,
  exchange: Exchange,
  request: OpenRequest,
  run: NonNullable<OpenRequest['run']>,
): Answer {
  const { news } = request
  if (run.under) {
    const sentence = `Request ${request.id} is approved and its call is being made at this moment.`
    return answerStatus(exchange, firewall, { ...news, state: 'approved' }, sentence, 'executing')
  }
  const kept = keptIn(run, firewall.now())
  if (kept === null) {
    const gone = `${sentenceOn(news)} The call was made; what it answered is kept no more, and it is not made again.`
    return answerStatus(exchange, firewall, news, gone)
  }
  run.reach = exchange.reach
  return answerKept(exchange, kept)
}

function sentenceFor(news: ApprovalNews): string {
  const sentence = sentenceOn(news)
  if (news.state === 'pending') return `${sentence} It is open until ${news.expiresAt}.`
  if (news.state !== 'approved') return sentence
  return `${sentence} Make the call now, with exactly those arguments: the approval is good for one call.`
}

function answerStatus(
  exchange: Exchange,
  { now }: Firewall,
  news: ApprovalNews,
  message: string,
  status: string = news.state,
): Answer {
  const { id, received, required, escalated, expiresAt } = news
  const open = status === 'pending' || status === 'executing'
  const facts: JsonObject = {
    status,
    requestId: id,
    message,
    approvalsReceived: received,
    approvalsRequired: required,
    escalated,
    expiresAt,
    ...(status === 'pending' ? { remainingSeconds: secondsUntil(expiresAt, now()) } : {}),
    ...(open ? { pollIntervalSeconds: pollSeconds(expiresAt, now()) } : {}),
  }
  return answerWith(exchange, {
    content: [{ type: 'text', text: message }],
    structuredContent: facts,
  })
}

function secondsUntil(instant: string, now: number): number {
  return Math.max(0, Math.round((Date.parse(instant) - now) / 1000))
}

/** The same for an id that nobody has and for one of somebody else. */
function unknown(firewall: Firewall, exchange: Exchange, judged: Judged): Promise<Answer> {
  const text =
    'Writ knows no request of yours by that id. Use the id that the answer to your own call gave, or make the call again.'
  const refusal: Refusal = { decision: 'deny', reason: 'unknown_request', text }
  return refuse(firewall, exchange, judged, refusal)
}
