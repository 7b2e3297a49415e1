import { builtin } from '../../schemas/builtin-tool.ts'
import {
  type Answer,
  answerError,
  answerWith,
  type Exchange,
  type Firewall,
} from '../mcp/exchange.ts'
import { refuse, writeDown } from '../mcp/forward.ts'
import type { Judged } from '../mcp/judge.ts'
import type { Outcome } from '../mcp/needs.ts'
import { answerRefusal, becauseOf, calledIn, refusalFor } from '../mcp/refusal.ts'
import { codes, isObject, type JsonObject } from '../mcp/rpc.ts'
import { refusalByNews, refusalWithout } from './asked-refusal.ts'
import { callDigest } from './call-digest.ts'
import { withApproval } from './collect.ts'
import { ask } from './hold-call.ts'
import type { OpenRequest } from './open-request.ts'
import { pendingFacts, peopleIn } from './pending-answer.ts'
import { prepareTool } from './prepare-tool.ts'
import type { Sendable } from './ready-call.ts'

const longestName = 4096
const longestReason = 4096

/** `request_approval`: judges a call as it would be judged, and asks people where they would be asked; makes no call. */
export async function requestApproval(
  firewall: Firewall,
  exchange: Exchange,
  { subject }: Judged,
): Promise<Answer> {
  const { tool, arguments: args = {}, justification = '' } = subject.args
  if (typeof tool !== 'string' || tool === '' || tool.length > longestName || !isObject(args)) {
    const problem = '`tool` must be the name of a tool and `arguments` an object'
    return answerError(exchange, codes.invalidParams, problem)
  }
  if (typeof justification !== 'string' || justification.length > longestReason) {
    return answerError(exchange, codes.invalidParams, '`justification` must be a short text')
  }
  const ready = await prepareTool(firewall, exchange, { name: tool, args, reason: justification })
  if (ready.refusal !== null) {
    return refuse(firewall, exchange, asOwn(ready.judged), ready.refusal)
  }
  const { judged } = ready.errand
  if (judged.decision.action === 'allow') {
    const message = `No approval is needed for ${calledIn(judged.subject)}: make it.`
    return told(firewall, exchange, asOwn(judged), { status: 'not_needed', message }, 'succeeded')
  }
  return asked(firewall, exchange, ready)
}

async function asked(firewall: Firewall, exchange: Exchange, ready: Sendable): Promise<Answer> {
  const { judged } = ready.errand
  let request: OpenRequest
  try {
    request = await ask(firewall, exchange, ready, callDigest(exchange.client.caller, ready))
  } catch (error) {
    return refuse(firewall, exchange, asOwn(judged), refusalWithout(judged, error))
  }
  const noted = asOwn(withApproval(judged, request))
  const { news } = request
  if (news.state === 'approved') {
    const message = `Request ${request.id} is approved: make the call, with exactly these arguments.`
    const facts = { status: 'approved', requestId: request.id, message }
    return told(firewall, exchange, noted, facts, 'succeeded')
  }
  if (news.state !== 'pending') {
    return refuse(firewall, exchange, noted, refusalByNews(judged, news))
  }
  const message =
    `Writ has asked about ${calledIn(judged.subject)}: ${becauseOf(judged.decision)} ` +
    `Asked: ${peopleIn(request.workflows)} (request ${request.id}). Nothing has been done. ` +
    `Look at it with get_approval_status; once it is approved, make the call with exactly these arguments.`
  const facts = pendingFacts(request, message, firewall.now())
  return told(firewall, exchange, noted, facts, 'pending')
}

/** What was judged as the records show it: a question about a call is not that call. */
function asOwn(judged: Judged): Judged {
  const { subject, shownArgs, entry } = judged
  const name = JSON.stringify(subject.name)
  return {
    ...judged,
    entry: { ...entry, server: builtin, tool: 'request_approval' },
    shownArgs: `{"arguments":${shownArgs},"tool":${name}}`,
  }
}

async function told(
  firewall: Firewall,
  exchange: Exchange,
  judged: Judged,
  facts: JsonObject,
  status: Outcome,
): Promise<Answer> {
  if (!(await writeDown(firewall, judged, { status }))) {
    return answerRefusal(exchange, refusalFor('no_record', judged.subject), judged)
  }
  const text = String(facts.message)
  return answerWith(exchange, { content: [{ type: 'text', text }], structuredContent: facts })
}
