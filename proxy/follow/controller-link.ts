import { Agent, type Dispatcher, request } from 'undici'

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

/** Codes are the contract: tests, logs and metrics match on them, never on text. */
type LinkFailureCode = 'controller_unreachable' | 'controller_refused'

/** The controller could not be reached, or it refused; `status` is then its HTTP status. */
export class LinkFailure extends Error {
  override readonly name = 'LinkFailure'
  readonly code: LinkFailureCode
  readonly status: number

  constructor(code: LinkFailureCode, message: string, status = 0, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.status = status
  }
}

/** A silent connection is given up after this; the controller's stream says something every 10 s. */
const silenceMs = 30_000

/** A link to the controller at `url`, with the token that makes this a proxy. */
export function linkController(url: URL | string, token: string): ControllerLink {
  const dispatcher = new Agent({
    connections: 8,
    connect: { timeout: 5000 },
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
  })
  return {
    async send(path, { method = 'GET', headers = {}, body = null, signal } = {}) {
      const answer = await request(new URL(path, url), {
        dispatcher,
        method,
        headers: { ...headers, authorization: `Bearer ${token}` },
        body,
        ...(signal && { signal }),
      }).catch(cause => {
        throw new LinkFailure('controller_unreachable', 'the controller does not answer', 0, {
          cause,
        })
      })
      if (answer.statusCode >= 200 && answer.statusCode < 300) return answer
      await answer.body.dump({ limit: 65_536 }).catch(() => undefined)
      throw new LinkFailure(
        'controller_refused',
        `the controller answered ${answer.statusCode} to ${method} ${path}`,
        answer.statusCode,
      )
    },
    close: () => dispatcher.destroy(),
  }
}
