import type { IncomingHttpHeaders } from 'node:http'
import { ProxyFailure, type ProxyFailureCode } from '../../failure.ts'
import type { ServerSentEvent } from '../event-stream.ts'
import { isObject } from '../rpc.ts'
import { type HttpReceiver, type HttpRequest, httpExchange } from './http-exchange.ts'
import type { HttpTarget } from './http-target.ts'
import { type Heard, hear } from './incoming.ts'
import type { Incoming, Outgoing, Reply } from './link.ts'

/** How a link wants its requests carried. */
export interface Carriage {
  readonly target: HttpTarget
  /** Takes up a broken stream again, where the protocol has that. */
  readonly resume: ((lastEventId: string) => HttpRequest) | null
  /** Sends the response to a request that the server made on the way. */
  readonly respond: (id: string | number, answer: string) => void
  /** Tells the server that nobody waits any more. */
  readonly giveUp: (id: number) => void
  readonly onHead?: (status: number, headers: IncomingHttpHeaders) => void
}

const firstRetryMs = 1000
const leastRetryMs = 50

/** Sends one request over HTTP and waits for the answer to its id; rejects with a ProxyFailure. */
export function httpCall(
  carriage: Carriage,
  outgoing: Outgoing,
  id: number,
  request: HttpRequest,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    new HttpCall(carriage, outgoing, id, resolve, reject).send(request)
  })
}

class HttpCall implements HttpReceiver {
  readonly #carriage: Carriage
  readonly #outgoing: Outgoing
  readonly #id: number
  readonly #resolve: (reply: Reply) => void
  readonly #reject: (failure: ProxyFailure) => void
  readonly #onAbort = () => this.#giveUp('cancelled', 'the client cancelled the request')
  #settled = false
  #timer: NodeJS.Timeout | undefined
  #retryMs = firstRetryMs
  #lastEventId = ''
  #abandon: () => void = () => undefined
  #resumed = false

  constructor(
    carriage: Carriage,
    outgoing: Outgoing,
    id: number,
    resolve: (reply: Reply) => void,
    reject: (failure: ProxyFailure) => void,
  ) {
    this.#carriage = carriage
    this.#outgoing = outgoing
    this.#id = id
    this.#resolve = resolve
    this.#reject = reject
  }

  send(request: HttpRequest): void {
    const { cancellation } = this.#outgoing
    if (cancellation?.aborted) {
      this.#onAbort()
      return
    }
    cancellation?.listen(this.#onAbort)
    this.#startClock()
    this.#abandon = httpExchange(this.#carriage.target.pool, request, this)
  }

  onHead(status: number, headers: IncomingHttpHeaders): void {
    this.#carriage.onHead?.(status, headers)
  }

  onEvent({ id, data }: ServerSentEvent): void {
    if (id !== '') this.#lastEventId = id
    if (data !== '') this.#hear(hear(data, 200, this.#carriage.respond))
  }

  onRetry(ms: number): void {
    this.#retryMs = Math.max(ms, leastRetryMs)
  }

  onBody(text: string, status: number): void {
    if (status === 202 || status === 204) return
    const heard = hear(text, status, this.#carriage.respond)
    const understood = heard.some(({ kind }) => kind === 'reply')
    if (understood) this.#hear(heard)
    else if (status >= 200 && status < 300) this.#fail('upstream_garbage', 'its answer is not MCP')
    else this.#fail(...refusal(status, text))
  }

  onEnd(): void {
    if (this.#settled) return
    const { resume } = this.#carriage
    if (this.#lastEventId === '' || resume === null) {
      this.#fail('upstream_lost', 'the server closed the stream without an answer')
      return
    }
    const again = resume(this.#lastEventId)
    this.#resumed = true
    setTimeout(() => {
      if (!this.#settled) this.#abandon = httpExchange(this.#carriage.target.pool, again, this)
    }, this.#retryMs)
  }

  onFailure(failure: ProxyFailure): void {
    if (this.#settled) return
    if (failure.code === 'upstream_lost' && this.#lastEventId !== '') this.onEnd()
    else this.#settle(() => this.#reject(failure))
  }

  #hear(heard: readonly Heard[]): void {
    for (const one of heard) {
      if (this.#settled) return
      if (one.kind === 'said') this.#outgoing.onMessage(this.#clocked(one.incoming))
      else if (one.kind === 'garbage') this.#fail('upstream_garbage', 'it sent what is not MCP')
      else if (one.id === this.#id) this.#settle(() => this.#resolve(one.reply))
      else this.#fail('upstream_garbage', 'it answered another request')
    }
  }

  /** The time a client takes to answer a question is not the server's. */
  #clocked(incoming: Incoming): Incoming {
    const { reply } = incoming
    if (reply === undefined) return incoming
    clearTimeout(this.#timer)
    return {
      ...incoming,
      reply: answer => {
        if (!this.#settled) this.#startClock()
        reply(answer)
      },
    }
  }

  #startClock(): void {
    clearTimeout(this.#timer)
    const { timeoutMs } = this.#outgoing
    if (timeoutMs === 0) return
    this.#timer = setTimeout(
      () => this.#giveUp('upstream_timeout', `no answer within ${timeoutMs} ms`),
      timeoutMs,
    )
  }

  #giveUp(code: ProxyFailureCode, problem: string): void {
    if (this.#settled) return
    this.#fail(code, problem)
    this.#carriage.giveUp(this.#id)
  }

  #fail(code: ProxyFailureCode, problem: string): void {
    this.#settle(() => this.#reject(new ProxyFailure(code, problem)))
    this.#abandon()
  }

  #settle(tell: () => void): void {
    if (this.#settled) return
    this.#settled = true
    clearTimeout(this.#timer)
    this.#outgoing.cancellation?.listen(null)
    tell()
    if (this.#resumed) this.#abandon()
  }
}

function refusal(status: number, text: string): [ProxyFailureCode, string] {
  const code = status >= 500 ? 'upstream_lost' : 'upstream_refused'
  const said = errorMessage(text)
  return [code, `the server answered ${status}${said === '' ? '' : ` (${said})`}`]
}

function errorMessage(text: string): string {
  try {
    const value = JSON.parse(text)
    const message = isObject(value) && isObject(value.error) ? value.error.message : ''
    return typeof message === 'string' ? message.slice(0, 200) : ''
  } catch {
    return ''
  }
}
