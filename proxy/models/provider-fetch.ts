import { Readable } from 'node:stream'
import type { TableProvider } from '../../schemas/rule-table.ts'
import type { TraceContext } from '../telemetry/call-trace.ts'
import { withholding } from '../withhold.ts'
import { ownHeaders } from './carried-headers.ts'
import { providerFailure } from './provider-failure.ts'
import type { ProviderSockets } from './provider-sockets.ts'
import type { TranslateNeeds } from './translate/translation.ts'

const longestError = 65_536

/** How translated requests reach a provider; rejects with a ProxyFailure. */
export function providerFetch(
  sockets: ProviderSockets,
  provider: TableProvider,
  credential: string | null,
  trace?: TraceContext,
): TranslateNeeds['fetch'] {
  const withhold = withholding([credential])
  return async (url, { method, headers, body, signal }) => {
    const { origin, pathname, search } = new URL(url)
    try {
      const answer = await sockets.of(origin).request({
        method,
        path: pathname + search,
        headers: { ...headers, ...trace, ...ownHeaders(provider, credential) },
        body,
        signal,
        headersTimeout: provider.timeoutMs,
        bodyTimeout: provider.timeoutMs,
      })
      const type = String(answer.headers['content-type'] ?? '')
      const retryAfter = answer.headers['retry-after']
      // Of an error only the beginning is of use, and it may say what it was sent.
      const said = answer.statusCode < 400 ? null : await beginning(answer.body)
      return new Response(said === null ? Readable.toWeb(answer.body) : withhold(said), {
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

/** Enough of an error to know it by. */
async function beginning(body: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    size += chunk.length
    if (size > longestError) break
  }
  return Buffer.concat(chunks).subarray(0, longestError).toString('utf8')
}
