import { callAsTask } from '../approvals/call-as-task.ts'
import { holdCall } from '../approvals/hold-call.ts'
import { prepareTool } from '../approvals/prepare-tool.ts'
import { sendReady } from '../approvals/send-ready.ts'
import { knowsTasks } from '../approvals/task-shape.ts'
import { count } from './account.ts'
import { type Answer, answerError, type Exchange, type Firewall } from './exchange.ts'
import { forward, isRepeated, refuse } from './forward.ts'
import { answersIn } from './input-rounds.ts'
import { type Asker, type Judged, judge } from './judge.ts'
import {
  longestReason,
  type ToolCall,
  toolErrand,
  toolRefusal,
  toolSubject,
} from './judged-tool.ts'
import type { Found, Offer } from './offers.ts'
import { paramMismatch } from './param-headers.ts'
import { refusalFor } from './refusal.ts'
import { codes, isObject, type JsonObject, textOf } from './rpc.ts'

const longestName = 4096

/** `tools/call`: judged with the arguments as they will be sent, then sent exactly so, or refused, or left to people. */
export function callTool(firewall: Firewall, exchange: Exchange): Promise<Answer> | Answer {
  const asked = toolCallOf(exchange.params)
  if (typeof asked === 'string') return answerError(exchange, codes.invalidParams, asked)
  if (exchange.params.task !== undefined && takesTasks(exchange)) {
    return callAsTask(firewall, exchange, asker => prepareTool(firewall, asker, asked))
  }
  const { servers, approvals } = firewall
  const { namespace } = exchange.client.caller
  const known = servers.offers(namespace).tools.get(asked.name)
  if (known !== undefined) return callFound(firewall, exchange, asked, known)
  const own = approvals.own.call(firewall, exchange, asked)
  if (own !== null) return own
  return servers
    .freshOffers(namespace)
    .then(({ tools }) => callFound(firewall, exchange, asked, tools.get(asked.name) ?? 'unknown'))
}

/** Earlier protocols know no tasks, and later ones leave it to the server to make one. */
function takesTasks({ client }: Exchange): boolean {
  return client.era === 'legacy' && knowsTasks(client)
}

function callFound(
  firewall: Firewall,
  exchange: Exchange,
  asked: ToolCall,
  found: Found,
): Promise<Answer> | Answer {
  const subject = toolSubject(firewall, exchange, asked, found)
  if (subject.justification.length > longestReason) {
    return answerError(exchange, codes.invalidParams, '`justification` is too long')
  }
  const judged = judge(firewall, exchange, subject)
  const refusal = toolRefusal(firewall, exchange, judged, found)
  if (refusal !== null) {
    const structured = typeof found === 'string' || found.item.outputSchema === undefined
    return refuse(firewall, exchange, judged, refusal, structured)
  }
  const offer = found as Offer
  const mismatch = paramMismatch(exchange, offer.headers ?? [], asked.args)
  if (mismatch !== null) return refuseHeaders(firewall, exchange, judged, mismatch)
  return judged.decision.action === 'allow'
    ? send(firewall, exchange, judged, offer)
    : hold(firewall, exchange, asked)
}

async function refuseHeaders(
  firewall: Firewall,
  exchange: Exchange,
  judged: Judged,
  mismatch: string,
): Promise<Answer> {
  const refusal = refusalFor('headers_disagree', judged.subject, mismatch)
  await refuse(firewall, exchange, judged, refusal)
  return { ...answerError(exchange, codes.headerMismatch, mismatch), status: 400 }
}

function send(
  firewall: Firewall,
  exchange: Exchange,
  judged: Judged,
  offer: Offer,
): Promise<Answer> {
  const { client, params } = exchange
  const errand = toolErrand(judged, offer, client.era, answersIn(params))
  if (isRepeated(firewall, exchange, judged)) {
    const refusal = refusalFor('repeated_id', judged.subject)
    return refuse(firewall, exchange, judged, refusal, errand.structured)
  }
  count(client.account, judged.subject.name)
  return forward(firewall, exchange, errand)
}

/**
 * People are asked about the tool as it is now. What the client answers to questions of the server is not part of what
 * they are asked, so it does not go along.
 */
async function hold(firewall: Firewall, exchange: Exchange, asked: ToolCall): Promise<Answer> {
  const prepare = (asker: Asker) => prepareTool(firewall, asker, asked)
  const ready = await prepare(exchange)
  const left = ready.refusal === null && ready.errand.judged.decision.action !== 'allow'
  return left ? holdCall(firewall, exchange, ready, prepare) : sendReady(firewall, exchange, ready)
}

function toolCallOf(params: JsonObject): ToolCall | string {
  const name = textOf(params, 'name')
  if (name === null || name === '') return '`name` must be the name of a tool'
  if (name.length > longestName) return '`name` is too long'
  const { arguments: args = {} } = params
  return isObject(args) ? { name, args } : '`arguments` must be an object'
}
