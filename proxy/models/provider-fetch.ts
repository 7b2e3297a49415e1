import { Readable } from 'node:stream'
import type { TableProvider } from '../../schemas/rule-table.ts'
import { ownHeaders } from './carried-headers.ts'
import { providerFailure } from './provider-failure.ts'
import type { ProviderSockets } from './provider-sockets.ts'
import type { TranslateNeeds } from './translate/translation.ts'

/** How translated requests reach a provider; rejects with a ProxyFailure. */
export function providerFetch(
  sockets: ProviderSockets,
  provider: TableProvider,
  credential: string | null,
): TranslateNeeds['fetch'] {
  return async (url, { method, headers, body, signal }) => {
    const { origin, pathname, search } = new URL(url)
    try {
      const answer = await sockets.of(origin).request({
        method,
        path: pathname + search,
        headers: { ...headers, ...ownHeaders(provider, credential) },
        body,
        signal,
        headersTimeout: provider.timeoutMs,
        bodyTimeout: provider.timeoutMs,
      })
      const type = String(answer.headers['content-type'] ?? '')
      const retryAfter = answer.headers['retry-after']
      return new Response(Readable.toWeb(answer.body), {
        status: answer.statusCode,
        headers: {
          'content-type': type,
          ...(typeof retryAfter === 'string' && { 'retry-after': retryAfter }),
        },
      })
    } catch (error) {
      throw error instanceof Error ? providerFailure(error) : error
    }
  }
}
