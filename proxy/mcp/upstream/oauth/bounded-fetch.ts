import type { FetchLike } from '@modelcontextprotocol/client'
import { ProxyFailure } from '../../../failure.ts'
import { isSafe } from './safe-url.ts'

const patienceMs = 10_000
const mostBytes = 256 * 1024

/**
 * A fetch that reaches these origins and nothing else, follows no redirect, and takes at most ten seconds
 * and 256 KiB. Rejects with a ProxyFailure.
 */
export function boundedFetch(server: URL, origins: ReadonlySet<string>): FetchLike {
  return async (input, init) => {
    const url = new URL(input)
    if (!origins.has(url.origin) || !isSafe(url, server)) {
      throw new ProxyFailure('unauthorized', `Writ may not ask ${url.origin} about authorization`)
    }
    try {
      const signal = AbortSignal.timeout(patienceMs)
      return await whole(await fetch(url, { ...init, redirect: 'manual', signal }), url)
    } catch (error) {
      throw error instanceof ProxyFailure ? error : unreachable(url, error)
    }
  }
}

/** The response with its body at hand. */
async function whole(response: Response, { origin }: URL): Promise<Response> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > mostBytes)
      throw new ProxyFailure('unauthorized', `the answer of ${origin} is too large`)
    chunks.push(chunk)
  }
  const { status, headers } = response
  return new Response(size === 0 ? null : Buffer.concat(chunks), { status, headers })
}

function unreachable({ origin }: URL, cause: unknown): ProxyFailure {
  const { name, cause: below } = Object(cause)
  const why = name === 'TimeoutError' ? 'no answer in time' : String(Object(below).code ?? name)
  return new ProxyFailure('upstream_unreachable', `${origin} cannot be reached (${why})`, { cause })
}
