import { answersIn } from './call-tool.ts'
import { type Answer, answerError, type Exchange, type Firewall } from './exchange.ts'
import { finishFor, privately } from './finish.ts'
import { forward, refuse } from './forward.ts'
import { judge, subjectOf } from './judge.ts'
import { resourceOffer } from './offers.ts'
import { refusalBy, refusalFor } from './refusal.ts'
import { codes, textOf } from './rpc.ts'

const longestUri = 8192

/** `resources/read`, `resources/subscribe` and `resources/unsubscribe`: judged as the resource. */
export async function readResource(firewall: Firewall, exchange: Exchange): Promise<Answer> {
  const { client, params, method } = exchange
  const uri = textOf(params, 'uri')
  if (uri === null || uri.length > longestUri || !isPlain(uri)) {
    const problem = '`uri` must be the URI of a resource, without dot segments'
    return answerError(exchange, codes.invalidParams, problem)
  }
  const offers = await firewall.servers.freshOffers(client.caller.namespace)
  const found = resourceOffer(offers, uri)
  const server = typeof found === 'string' ? '' : found.upstream.name
  const judged = judge(firewall, exchange, subjectOf('resource', server, uri))
  const { subject, decision } = judged
  const refusal = refusalBy(decision, subject)
  if (refusal !== null) return refuse(firewall, exchange, judged, refusal)
  if (typeof found === 'string') {
    const obstacle = found === 'unknown' ? 'unknown_name' : 'ambiguous_name'
    await refuse(firewall, exchange, judged, refusalFor(obstacle, subject))
    const code = client.era === 'modern' ? codes.invalidParams : codes.resourceNotFound
    return answerError(exchange, code, 'Resource not found', { uri })
  }
  if (method !== 'resources/read') {
    client.follow(found.upstream, uri, method === 'resources/subscribe')
  }
  return forward(firewall, exchange, {
    judged,
    upstream: found.upstream,
    structured: false,
    request: { method, params: [['uri', JSON.stringify(uri)], ...answersIn(params)], name: uri },
    finish: client.era === 'modern' ? privately : finishFor('legacy'),
  })
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
