import { ProxyFailure } from '../../../failure.ts'
import { version } from '../../../version.ts'
import { requestJson } from '../../rpc.ts'
import { modernParams, modernVersion } from '../envelope.ts'
import { type HttpRequest, httpExchange } from '../http-exchange.ts'
import type { HttpTarget } from '../http-target.ts'
import { outgoing } from '../introduction.ts'
import { type Challenge, challengeOf } from './challenge.ts'
import type { OAuthServer } from './oauth-server.ts'

const patienceMs = 10_000

/**
 * Asks the server something without a token, to hear what it wants; null when it wants nothing. Rejects
 * with a ProxyFailure.
 */
export function probe(
  target: HttpTarget,
  { url, transport }: OAuthServer,
): Promise<Challenge | null> {
  const { promise, resolve, reject } = Promise.withResolvers<Challenge | null>()
  const timer = setTimeout(() => {
    reject(new ProxyFailure('upstream_unreachable', 'the server does not answer'))
  }, patienceMs)
  const abandon = httpExchange(target.pool, question(target, transport), {
    onHead(status, headers) {
      const said = String(headers['www-authenticate'] ?? '')
      resolve(status === 401 ? challengeOf(status, said, url) : null)
    },
    onEvent: () => undefined,
    onBody: () => undefined,
    onEnd: () => undefined,
    onFailure: reject,
  })
  return promise.finally(() => {
    clearTimeout(timer)
    abandon()
  })
}

/** A handshake is answered without a token by some servers; their lists are not. */
function question({ path, headers }: HttpTarget, transport: OAuthServer['transport']): HttpRequest {
  if (transport === 'sse')
    return { method: 'GET', path, headers: { ...headers, accept: 'text/event-stream' } }
  const method = 'tools/list'
  const params = modernParams(outgoing(method, {}, 0), writ)
  return {
    method: 'POST',
    path,
    headers: {
      ...headers,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': modernVersion,
      'mcp-method': method,
    },
    body: requestJson(1, method, params),
  }
}

const writ = { clientInfo: { name: 'writ', version }, capabilities: {} }
