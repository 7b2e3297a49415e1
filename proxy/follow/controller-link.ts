import { Agent, type Dispatcher, request } from 'undici'
import type { ControllerToken } from './controller-token.ts'
import { LinkFailure } from './link-failure.ts'

/** How a proxy reaches its controller. */
export interface ControllerLink {
  /** Sends one request; rejects with a LinkFailure unless the answer is a success. */
  send(path: string, options?: LinkRequest): Promise<Dispatcher.ResponseData>
  close(): Promise<void>
}

interface LinkRequest {
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly headers?: { readonly [name: string]: string }
  readonly body?: string | Buffer
  readonly signal?: AbortSignal
}

/** A silent connection is given up after this; the controller's stream says something every 10 s. */
const silenceMs = 30_000

/** A link to the controller at `url`, with the token that makes this a proxy: the same always, or whichever it is now. */
export function linkController(url: URL | string, token: string | ControllerToken): ControllerLink {
  const dispatcher = new Agent({
    connections: 8,
    connect: { timeout: 5000 },
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
  })
  return {
    async send(path, { method = 'GET', headers = {}, body = null, signal } = {}) {
      const shown = typeof token === 'string' ? token : await token()
      const answer = await request(new URL(path, url), {
        dispatcher,
        method,
        headers: { ...headers, authorization: `Bearer ${shown}` },
        body,
        ...(signal && { signal }),
      }).catch(cause => {
        throw new LinkFailure('controller_unreachable', 'the controller does not answer', 0, {
          cause,
        })
      })
      if (answer.statusCode >= 200 && answer.statusCode < 300) return answer
      const why = await detailOf(answer.body)
      throw new LinkFailure(
        'controller_refused',
        `the controller answered ${answer.statusCode} to ${method} ${path}${why}`,
        answer.statusCode,
      )
    },
    close: () => dispatcher.destroy(),
  }
}

const longestDetail = 300

/** What the controller says about a refusal (RFC 9457), for people. */
async function detailOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of body) {
      size += chunk.length
      if (size > 65_536) return ''
      chunks.push(chunk)
    }
    const { detail } = Object(JSON.parse(Buffer.concat(chunks).toString()))
    return typeof detail === 'string' ? `: ${detail.slice(0, longestDetail)}` : ''
  } catch {
    return ''
  }
}
