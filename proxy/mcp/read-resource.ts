import { holdCall } from '../approvals/hold-call.ts'
import type { ReadyCall, Refused } from '../approvals/ready-call.ts'
import { type Answer, answerError, type Exchange, type Firewall } from './exchange.ts'
import { finishFor, privately } from './finish.ts'
import { forward, refuse } from './forward.ts'
import { answersIn } from './input-rounds.ts'
import { type Asker, judge, subjectOf } from './judge.ts'
import { resourceOffer } from './offers.ts'
import { refusalBy, refusalFor } from './refusal.ts'
import { codes, textOf } from './rpc.ts'
import type { Reply } from './upstream/link.ts'

const longestUri = 8192

/** `resources/read`, `resources/subscribe` and `resources/unsubscribe`: judged as the resource. */
export async function readResource(firewall: Firewall, exchange: Exchange): Promise<Answer> {
  const { client, params, method } = exchange
  const uri = textOf(params, 'uri')
  if (uri === null || uri.length > longestUri || !isPlain(uri)) {
    const problem = '`uri` must be the URI of a resource, without dot segments'
    return answerError(exchange, codes.invalidParams, problem)
  }
  const prepare = (asker: Asker) => prepared(firewall, asker, method, uri)
  const ready = await prepare(exchange)
  if (ready.refusal !== null) return turnDown(firewall, exchange, ready, uri)
  const { errand } = ready
  const follow = () => {
    if (method !== 'resources/read') {
      client.follow(errand.upstream, uri, method === 'resources/subscribe')
    }
  }
  if (errand.judged.decision.action !== 'allow') {
    return holdCall(firewall, exchange, ready, async asker =>
      onResult(await prepare(asker), follow),
    )
  }
  follow()
  const answered = [...errand.request.params, ...answersIn(params)]
  return forward(firewall, exchange, {
    ...errand,
    request: { ...errand.request, params: answered },
  })
}

/** Nobody follows a resource before people have approved. */
function onResult(ready: ReadyCall, listener: () => void): ReadyCall {
  if (ready.refusal !== null) return ready
  const { errand } = ready
  const finish = (reply: Reply) => {
    listener()
    return errand.finish(reply)
  }
  return { ...ready, errand: { ...errand, finish } }
}

async function prepared(
  firewall: Firewall,
  asker: Asker,
  method: string,
  uri: string,
): Promise<ReadyCall> {
  const { client } = asker
  const offers = await firewall.servers.freshOffers(client.caller.namespace)
  const found = resourceOffer(offers, uri)
  const server = typeof found === 'string' ? '' : found.upstream.name
  const judged = judge(firewall, asker, subjectOf('resource', server, uri))
  const { subject, decision } = judged
  const refusal = refusalBy(decision, subject)
  if (refusal !== null) return { refusal, judged, structured: false }
  if (typeof found === 'string') {
    const obstacle = found === 'unknown' ? 'unknown_name' : 'ambiguous_name'
    return { refusal: refusalFor(obstacle, subject), judged, structured: false }
  }
  const errand = {
    judged,
    upstream: found.upstream,
    structured: false,
    request: { method, params: [['uri', JSON.stringify(uri)] as const], name: uri },
    finish: client.era === 'modern' ? privately : finishFor('legacy'),
  }
  // Following a resource is more than reading it once, so people are asked about it as such.
  return { refusal, errand, ...(method === 'resources/read' ? {} : { asked: { method } }) }
}

async function turnDown(
  firewall: Firewall,
  exchange: Exchange,
  { refusal, judged }: Refused,
  uri: string,
): Promise<Answer> {
  const answer = await refuse(firewall, exchange, judged, refusal)
  if (refusal.reason !== 'unknown_name' && refusal.reason !== 'ambiguous_name') return answer
  const code = exchange.client.era === 'modern' ? codes.invalidParams : codes.resourceNotFound
  return answerError(exchange, code, 'Resource not found', { uri })
}

/**
 * Whether a URI means what it looks like: a server may resolve `..`, in whatever encoding, after the
 * policy has looked at the text.
 */
export function isPlain(uri: string): boolean {
  const decoded = uri
    .replace(/%(?:25)+/g, '%')
    .replace(/%2e/gi, '.')
    .replace(/%2f/gi, '/')
    .replace(/%5c/gi, '\\')
  return /^[^\s\p{Cc}]+$/u.test(uri) && !/(?:^|[/\\])\.\.?(?:[/\\?#]|$)/.test(decoded)
}
