import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { ProxyFailure } from '../../failure.ts'
import { EventReader, type ServerSentEvent } from '../event-stream.ts'
import type { Sockets } from './http-target.ts'

/** One HTTP request to an upstream. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** What comes back, piece by piece; `onEnd` or `onFailure` is the last, and comes once. */
export interface HttpReceiver {
  onHead?(status: number, headers: IncomingHttpHeaders): void
  onEvent(event: ServerSentEvent): void
  onRetry?(ms: number): void
  /** The whole body, unless it was an event stream. */
  onBody(text: string, status: number): void
  onEnd(status: number): void
  onFailure(failure: ProxyFailure): void
}

/** Largest answer, and largest single event, that is taken from an upstream. */
export const mostAnswerBytes = 32 * 1024 * 1024

/** Sends a request; the returned function abandons it. */
export function httpExchange(
  pool: Sockets,
  { method, path, headers, body }: HttpRequest,
  receiver: HttpReceiver,
): () => void {
  const handler = new Exchange(receiver)
  pool.dispatch(
    {
      method,
      path,
      headers,
      body: body ?? null,
      headersTimeout: 0,
      bodyTimeout: 0,
    } as Dispatcher.DispatchOptions,
    handler,
  )
  return () => handler.abandon()
}

class Exchange implements Dispatcher.DispatchHandler {
  readonly #receiver: HttpReceiver
  #controller: Dispatcher.DispatchController | null = null
  #abandoned = false
  #status = 0
  #events: EventReader | null = null
  #chunks: Buffer[] = []
  #size = 0

  constructor(receiver: HttpReceiver) {
    this.#receiver = receiver
  }

  abandon(): void {
    this.#abandoned = true
    this.#controller?.abort(new ProxyFailure('cancelled', 'the request was abandoned'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#abandoned) this.abandon()
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    this.#status = status
    const type = String(headers['content-type'] ?? '')
    if (/^text\/event-stream\b/i.test(type)) {
      const sink = {
        onEvent: (event: ServerSentEvent) => this.#receiver.onEvent(event),
        onRetry: (ms: number) => this.#receiver.onRetry?.(ms),
      }
      this.#events = new EventReader(sink, mostAnswerBytes)
    }
    this.#receiver.onHead?.(status, headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#events !== null) {
      if (!this.#events.push(chunk)) controller.abort(tooLarge())
      return
    }
    this.#size += chunk.length
    if (this.#size > mostAnswerBytes) controller.abort(tooLarge())
    else this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    if (this.#events === null) {
      const [only] = this.#chunks
      const bytes = this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks)
      this.#receiver.onBody(bytes.toString('utf8'), this.#status)
    }
    this.#receiver.onEnd(this.#status)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#receiver.onFailure(failureOf(error))
  }
}

function tooLarge(): ProxyFailure {
  return new ProxyFailure('upstream_too_large', 'the answer of the server is too large')
}

const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** What went wrong on the way to a server, as far as a client or a record is told. */
export function failureOf(error: Error): ProxyFailure {
  if (error instanceof ProxyFailure) return error
  const code = 'code' in error ? String(error.code) : error.name
  return neverSent.has(code)
    ? new ProxyFailure('upstream_unreachable', `the server cannot be reached (${code})`, {
        cause: error,
      })
    : new ProxyFailure('upstream_lost', `the connection to the server was lost (${code})`, {
        cause: error,
      })
}
