import { visible } from '../../policy/decide/visible.ts'
import { ProxyFailure } from '../failure.ts'
import { haltText } from '../halts/halted-decision.ts'
import { type Answer, answerError, type Exchange, type Firewall } from './exchange.ts'
import { finishFor } from './finish.ts'
import { factsOf, type Subject, subjectOf } from './judge.ts'
import { type Found, type Offer, resourceOffer } from './offers.ts'
import { codes, isObject, type JsonObject, resultJson, textOf } from './rpc.ts'
import { outgoingMeta } from './trace-of.ts'
import type { Reply } from './upstream/link.ts'

/** `completion/complete`: passed on for prompts and resources that the caller may see, and for no other. */
export async function complete(firewall: Firewall, exchange: Exchange): Promise<Answer> {
  const { ref, argument } = exchange.params
  if (!isObject(ref) || !isObject(argument)) {
    return answerError(exchange, codes.invalidParams, '`ref` and `argument` must be objects')
  }
  const halt = firewall.halts.on(exchange.client.caller, 'prompt')
  if (halt !== null) {
    return answerError(exchange, codes.refused, `Writ refused this: ${haltText(halt)}`)
  }
  const offer = visibleOffer(firewall, exchange, ref)
  if (offer === null) {
    return answerError(exchange, codes.invalidParams, 'Nothing of that name is available to you.')
  }
  const ownRef = ref.type === 'ref/prompt' ? { ...ref, name: offer.own } : ref
  try {
    const reply = await passOn(exchange, offer, ownRef)
    const { code, message } = reply.value
    return reply.kind === 'result'
      ? { json: resultJson(exchange.id, finishFor(exchange.client.era)(reply)) }
      : answerError(exchange, typeof code === 'number' ? code : codes.internal, String(message))
  } catch (error) {
    if (!(error instanceof ProxyFailure)) throw error
    return answerError(exchange, codes.internal, error.message)
  }
}

async function passOn(exchange: Exchange, { upstream }: Offer, ref: JsonObject): Promise<Reply> {
  const { client, params, cancellation } = exchange
  const { argument = {}, context } = params
  const given = { ref, argument, ...(context === undefined ? {} : { context }) }
  const link = await upstream.link(client)
  return link.request({
    method: 'completion/complete',
    params: Object.entries(given).map(([name, value]) => [name, JSON.stringify(value)]),
    meta: outgoingMeta(exchange),
    timeoutMs: upstream.timeoutMs,
    cancellation,
    owner: client,
    onMessage: message => client.relay(exchange, upstream, message),
  })
}

function visibleOffer(firewall: Firewall, exchange: Exchange, ref: JsonObject): Offer | null {
  const found = foundFor(firewall, exchange, ref)
  if (found === null || typeof found.offer === 'string') return null
  const { client } = exchange
  const table = firewall.tables.current(client.caller.namespace)
  if (table === null) return null
  const facts = factsOf(client, found.subject, firewall.now())
  return visible(table, facts) ? found.offer : null
}

function foundFor(
  { servers }: Firewall,
  { client }: Exchange,
  ref: JsonObject,
): { readonly offer: Found; readonly subject: Subject } | null {
  const offers = servers.offers(client.caller.namespace)
  const name = textOf(ref, 'name')
  const uri = textOf(ref, 'uri')
  if (ref.type === 'ref/prompt' && name !== null) {
    const offer = offers.prompts.get(name) ?? 'unknown'
    return { offer, subject: subjectOf('prompt', serverOf(offer), name) }
  }
  if (ref.type !== 'ref/resource' || uri === null) return null
  const template = offers.templates.find(({ own }) => own === uri)
  const offer = template ?? resourceOffer(offers, uri)
  return { offer, subject: subjectOf('resource', serverOf(offer), uri) }
}

function serverOf(found: Found): string {
  return typeof found === 'string' ? '' : found.upstream.name
}
