import { decide } from '../../policy/decide/decide.ts'
import { justificationFor } from '../../policy/decide/justification.ts'
import { visible } from '../../policy/decide/visible.ts'
import { count } from './account.ts'
import { type Answer, answerError, type Exchange, type Firewall } from './exchange.ts'
import { finishFor } from './finish.ts'
import { forward, lostKey, refuse } from './forward.ts'
import { factsOf, type Judged, judge, type Subject, subjectOf } from './judge.ts'
import { type Found, hintsOf, type Offer } from './offers.ts'
import { paramHeaders, paramMismatch } from './param-headers.ts'
import { type Refusal, refusalBy, refusalFor } from './refusal.ts'
import { codes, isObject, type JsonObject, textOf } from './rpc.ts'

const longestName = 4096
const longestReason = 4096

/** `tools/call`: judged with the arguments as they will be sent, then sent exactly so, or refused. */
export function callTool(firewall: Firewall, exchange: Exchange): Promise<Answer> | Answer {
  const asked = toolCallOf(exchange.params)
  if (typeof asked === 'string') return answerError(exchange, codes.invalidParams, asked)
  const { servers } = firewall
  const { namespace } = exchange.client.caller
  const known = servers.offers(namespace).tools.get(asked.name)
  if (known !== undefined) return callFound(firewall, exchange, asked, known)
  return servers
    .freshOffers(namespace)
    .then(({ tools }) => callFound(firewall, exchange, asked, tools.get(asked.name) ?? 'unknown'))
}

function callFound(
  firewall: Firewall,
  exchange: Exchange,
  asked: ToolCall,
  found: Found,
): Promise<Answer> | Answer {
  const subject = withReason(firewall, exchange, subjectFor(asked, found))
  if (subject.justification.length > longestReason) {
    return answerError(exchange, codes.invalidParams, '`justification` is too long')
  }
  const judged = judge(firewall, exchange, subject)
  const structured = typeof found === 'string' || found.item.outputSchema === undefined
  const refusal = refusalOf(firewall, exchange, judged, found)
  if (refusal !== null) return refuse(firewall, exchange, judged, refusal, structured)
  const offer = found as Offer
  const mismatch = paramMismatch(exchange, offer.headers ?? [], asked.args)
  if (mismatch !== null) return refuseHeaders(firewall, exchange, judged, mismatch)
  return send(firewall, exchange, judged, offer, structured)
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
  structured: boolean,
): Promise<Answer> {
  const { client, id, params } = exchange
  const repeated =
    !client.claim(id) ||
    (client.era === 'modern' &&
      firewall.accounts.lost(client.caller, () => lostKey(id, judged), firewall.now()))
  if (repeated) {
    const refusal = refusalFor('repeated_id', judged.subject)
    return refuse(firewall, exchange, judged, refusal, structured)
  }
  count(client.account, judged.subject.name)
  return forward(firewall, exchange, {
    judged,
    upstream: offer.upstream,
    structured,
    request: {
      method: 'tools/call',
      params: [
        ['name', JSON.stringify(offer.own)],
        ['arguments', judged.canonical],
        ...answersIn(params),
      ],
      name: offer.own,
      headers: paramHeaders(offer.headers ?? [], judged.subject.args),
    },
    finish: finishFor(client.era),
  })
}

/** What a stateless client sends along when it has been asked something. */
export function answersIn(params: JsonObject): [string, string][] {
  return ['inputResponses', 'requestState'].flatMap(key =>
    Object.hasOwn(params, key) ? [[key, JSON.stringify(params[key])] as [string, string]] : [],
  )
}

interface ToolCall {
  readonly name: string
  readonly args: JsonObject
}

function toolCallOf(params: JsonObject): ToolCall | string {
  const name = textOf(params, 'name')
  if (name === null || name === '') return '`name` must be the name of a tool'
  if (name.length > longestName) return '`name` is too long'
  const { arguments: args = {} } = params
  return isObject(args) ? { name, args } : '`arguments` must be an object'
}

function subjectFor({ name, args }: ToolCall, found: Found): Subject {
  if (typeof found === 'string') return { ...subjectOf('tool', '', name), args }
  return { ...subjectOf('tool', found.upstream.name, name), args, ...hintsOf(found.item) }
}

/** Takes the reason out of the arguments where the policies have added it to the tool's schema. */
function withReason({ tables, now }: Firewall, { client }: Exchange, subject: Subject): Subject {
  const table = tables.current(client.caller.namespace)
  if (table === null || !Object.hasOwn(subject.args, 'justification')) return subject
  if (justificationFor(table, factsOf(client, subject, now())) === 'off') return subject
  const { justification, ...args } = subject.args
  return { ...subject, args, justification: typeof justification === 'string' ? justification : '' }
}

/** Null when the call may go out. What the caller cannot see is refused as if it did not exist. */
function refusalOf(
  firewall: Firewall,
  exchange: Exchange,
  judged: Judged,
  found: Found,
): Refusal | null {
  const { subject, decision } = judged
  if (found === 'unknown') return refusalBy(decision, subject) ?? unknown(subject)
  if (found === 'ambiguous') {
    return refusalBy(decision, subject) ?? refusalFor('ambiguous_name', subject)
  }
  if (decision.action === 'allow') return null
  const { client } = exchange
  const table = firewall.tables.current(client.caller.namespace)
  if (table === null) return refusalBy(decision, subject)
  const facts = factsOf(client, subject, firewall.now())
  if (visible(table, facts)) return refusalBy(decision, subject)
  const blank = { ...subjectOf('tool', '', subject.name), args: subject.args }
  const asUnknown = decide(table, factsOf(client, blank, firewall.now()))
  return refusalBy(asUnknown, subject) ?? unknown(subject)
}

function unknown(subject: Subject): Refusal {
  return refusalFor('unknown_name', subject)
}
