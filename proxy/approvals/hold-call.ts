import { type Answer, answerWith, type Exchange, type Firewall } from '../mcp/exchange.ts'
import { refuse, writeDown } from '../mcp/forward.ts'
import { answerRefusal, refusalFor } from '../mcp/refusal.ts'
import { inStep } from '../telemetry/call-trace.ts'
import { approvalAttributes } from './approval-attributes.ts'
import { refusalByNews, refusalWithout } from './asked-refusal.ts'
import { callDigest, ownerOf } from './call-digest.ts'
import { collect, withApproval } from './collect.ts'
import { leftOver } from './left-over.ts'
import { nextRound } from './next-round.ts'
import type { OpenRequest } from './open-request.ts'
import { patienceFor } from './patience.ts'
import { answerPending } from './pending-answer.ts'
import { sayProgress } from './progress.ts'
import { questionOf, workflowsOf } from './question.ts'
import type { Prepare, Sendable } from './ready-call.ts'
import { knowsTasks, modernTask } from './task-shape.ts'

/**
 * A call that a rule leaves to people: asks them, waits a while, and makes the call once they approve. Without an answer
 * in time the call is parked, and made when the client comes back for it; nothing is done behind its back.
 */
export async function holdCall(
  firewall: Firewall,
  exchange: Exchange,
  ready: Sendable,
  prepare: Prepare,
): Promise<Answer> {
  const { approvals } = firewall
  const { caller } = exchange.client
  const digest = callDigest(caller, ready)
  const begun = approvals.rounds.take(digest, exchange.params)
  if (begun !== null) return nextRound(firewall, exchange, ready.errand, begun)
  const left = await leftOver(firewall, exchange, ready.errand, digest)
  if (left !== null) return left
  let request: OpenRequest
  try {
    request = await ask(firewall, exchange, ready, digest)
  } catch (error) {
    const { judged, structured } = ready.errand
    return refuse(firewall, exchange, judged, refusalWithout(judged, error), structured)
  }
  const waiting = () => waitFor(firewall, exchange, request)
  await inStep(exchange.trace, 'approval', waiting, () => approvalAttributes(request))
  return conclude(firewall, exchange, ready, request, prepare)
}

/** Asks people about a call, or finds the open question. Rejects with a QuestionFailure. */
export async function ask(
  { approvals }: Firewall,
  { client }: Exchange,
  ready: Sendable,
  digest: string,
): Promise<OpenRequest> {
  const { decision } = ready.errand.judged
  const news = await approvals.questions.ask(questionOf(client.caller, ready, digest))
  const owner = ownerOf(client.caller)
  return approvals.requests.open(news, owner, workflowsOf(decision))
}

async function waitFor(
  { approvals, tables, now }: Firewall,
  exchange: Exchange,
  request: OpenRequest,
): Promise<void> {
  const { workflows, owner, news } = request
  const heldMs = patienceFor(tables.current(owner.namespace), workflows)
  if (news.state !== 'pending' || heldMs === 0) return
  const stop = sayProgress(exchange, request, heldMs, now)
  await approvals.requests.wait(request, heldMs, exchange.cancellation)
  stop()
}

function conclude(
  firewall: Firewall,
  exchange: Exchange,
  ready: Sendable,
  request: OpenRequest,
  prepare: Prepare,
): Promise<Answer> {
  const { judged, structured } = ready.errand
  const { news } = request
  const heard = exchange.reach.reachable && !exchange.cancellation.aborted
  if (news.state === 'approved' && heard) {
    return collect(firewall, exchange, request, prepare, judged.call)
  }
  if (news.state === 'pending' || news.state === 'approved') {
    return park(firewall, exchange, ready, request, prepare)
  }
  const refusal = refusalByNews(judged, news)
  return refuse(firewall, exchange, withApproval(judged, request), refusal, structured)
}

async function park(
  firewall: Firewall,
  exchange: Exchange,
  { errand }: Sendable,
  request: OpenRequest,
  prepare: Prepare,
): Promise<Answer> {
  const { structured } = errand
  const { requests } = firewall.approvals
  const judged = withApproval(errand.judged, request)
  if (judged.subject.kind === 'tool') {
    requests.park(request, prepare, judged.canonical.length * 2)
  }
  if (!(await writeDown(firewall, judged, { status: 'pending' }))) {
    return answerRefusal(exchange, refusalFor('no_record', judged.subject), judged, structured)
  }
  return (
    asTask(firewall, exchange, request, prepare) ??
    answerPending(exchange, judged, request, structured, firewall.now())
  )
}

/** Stateless clients that know tasks get one for a tool's call that is parked. */
function asTask(
  { approvals, now }: Firewall,
  exchange: Exchange,
  request: OpenRequest,
  prepare: Prepare,
): Answer | null {
  const { client, method } = exchange
  if (client.era !== 'modern' || method !== 'tools/call' || !knowsTasks(client)) return null
  const owner = ownerOf(client.caller)
  const task = approvals.tasks.open({ owner, exchange, prepare, request })
  return task && answerWith(exchange, { ...modernTask(task, now()), resultType: 'task' })
}
