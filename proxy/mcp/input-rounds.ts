import type { Json } from '../../policy/decide/facts.ts'
import type { Exchange } from './exchange.ts'
import { isObject, type JsonObject } from './rpc.ts'
import type { Outgoing, Reply } from './upstream/link.ts'
import type { Upstream } from './upstream/upstream.ts'

const mostRounds = 8
const mostQuestions = 16

/**
 * Stands between a stateless server that answers with questions and a client with a session that is
 * asked by requests: asks the client, and sends the call again with the answers, as 2026-07-28 has it,
 * until the reply is no question. A reply that still asks is returned when the client cannot answer.
 */
export async function withInput(
  exchange: Exchange,
  upstream: Upstream,
  outgoing: Outgoing,
  first: Reply,
  send: (outgoing: Outgoing) => Promise<Reply>,
): Promise<Reply> {
  let reply = first
  for (let round = 0; round < mostRounds && asks(exchange, reply); round++) {
    const answers = await answersTo(exchange, upstream, reply.value.inputRequests)
    if (answers === null) return reply
    const { requestState } = reply.value
    const state = requestState === undefined ? [] : [['requestState', requestState] as const]
    const more = [['inputResponses', answers] as const, ...state].map(
      ([name, value]) => [name, JSON.stringify(value)] as const,
    )
    reply = await send({ ...outgoing, params: [...outgoing.params, ...more] })
  }
  return reply
}

/** What a stateless client sends along when it has been asked something. */
export function answersIn(params: JsonObject): [string, string][] {
  return ['inputResponses', 'requestState'].flatMap(key =>
    Object.hasOwn(params, key) ? [[key, JSON.stringify(params[key])] as [string, string]] : [],
  )
}

/** A question that a client with a session cannot see in a result. */
export function asks({ client }: Exchange, { value }: Reply): boolean {
  return client.era === 'legacy' && value.resultType === 'input_required'
}

/** The client's answers by key, or null when it does not answer them all. */
async function answersTo(
  exchange: Exchange,
  upstream: Upstream,
  requests: Json | undefined,
): Promise<JsonObject | null> {
  const asked = isObject(requests) ? Object.entries(requests) : []
  if (asked.length === 0 || asked.length > mostQuestions) return null
  const answers: [string, Json][] = []
  for (const [key, request] of asked) {
    const answer = await answerTo(exchange, upstream, request)
    if (answer === null) return null
    answers.push([key, answer])
  }
  return Object.fromEntries(answers)
}

function answerTo(exchange: Exchange, upstream: Upstream, request: Json): Promise<Json | null> {
  if (!isObject(request) || typeof request.method !== 'string') return Promise.resolve(null)
  const { method, params } = request
  const given = isObject(params) ? params : {}
  return new Promise(resolve => {
    exchange.cancellation.listen(() => resolve(null))
    exchange.client.relay(exchange, upstream, {
      method,
      params: given,
      text: JSON.stringify(given),
      reply: answer => {
        const { result = null } = JSON.parse(`{${answer}}`)
        resolve(result)
      },
    })
  })
}
