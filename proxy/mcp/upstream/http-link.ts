import type { IncomingHttpHeaders } from 'node:http'
import { backoff } from '../../../lifecycle/backoff.ts'
import { ProxyFailure } from '../../failure.ts'
import { type Id, notificationJson, requestJson } from '../rpc.ts'
import { legacyParams } from './envelope.ts'
import { type Carriage, httpCall } from './http-call.ts'
import { type HttpReceiver, type HttpRequest, httpExchange } from './http-exchange.ts'
import type { HttpTarget } from './http-target.ts'
import { hear } from './incoming.ts'
import { introduce, newestLegacy } from './introduction.ts'
import type { Identity, Introduction, Link, LinkEvents, Outgoing, Reply } from './link.ts'

/** Opens a session over streamable HTTP, protocol versions up to 2025-11-25; rejects with a ProxyFailure. */
export async function openHttpLink(
  target: HttpTarget,
  identity: Identity,
  events: LinkEvents,
  timeoutMs: number,
): Promise<Link> {
  const link = new HttpLink(target, events)
  await link.initialize(identity, timeoutMs)
  return link
}

class HttpLink implements Link {
  readonly era = 'legacy'
  readonly #target: HttpTarget
  readonly #events: LinkEvents
  readonly #respond = (id: Id, answer: string) =>
    this.#tell(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},${answer}}`)
  readonly #carriage: Carriage
  readonly #retry = backoff(1000, 60_000)
  #introduction: Introduction = newestLegacy
  #session: string | null = null
  /** What all posts have in common; made anew when the handshake has changed it. */
  #posting: HttpRequest | null = null
  #lastId = 0
  #open = true
  #stopListening: () => void = () => undefined
  #again: NodeJS.Timeout | undefined

  constructor(target: HttpTarget, events: LinkEvents) {
    this.#target = target
    this.#events = events
    this.#carriage = {
      target,
      resume: lastEventId => this.#asked('GET', { 'last-event-id': lastEventId }),
      respond: this.#respond,
      giveUp: id =>
        this.notify('notifications/cancelled', `{"requestId":${id},"reason":"nobody waits"}`),
      onHead: status => {
        if (status === 404 && this.#session !== null) this.#lose()
      },
    }
  }

  get introduction(): Introduction {
    return this.#introduction
  }

  get open(): boolean {
    return this.#open
  }

  async initialize(identity: Identity, timeoutMs: number): Promise<void> {
    const onHead = (_status: number, headers: IncomingHttpHeaders) => {
      const session = headers['mcp-session-id']
      if (typeof session === 'string') this.#session = session
      this.#posting = null
    }
    const ask = (outgoing: Outgoing) => this.#call(outgoing, { ...this.#carriage, onHead })
    this.#introduction = await introduce(ask, identity, timeoutMs)
    this.#posting = null
    this.notify('notifications/initialized', '{}')
    this.#listen('')
  }

  request(outgoing: Outgoing): Promise<Reply> {
    return this.#call(outgoing, this.#carriage)
  }

  notify(method: string, params: string): void {
    this.#tell(notificationJson(method, params))
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#shut()
    if (this.#session !== null) await this.#send(this.#asked('DELETE', {}))
  }

  #call(outgoing: Outgoing, carriage: Carriage): Promise<Reply> {
    if (!this.#open) {
      const closed = new ProxyFailure('upstream_unreachable', 'the session was closed')
      return Promise.reject(closed)
    }
    const id = ++this.#lastId
    const request = this.#post(requestJson(id, outgoing.method, legacyParams(outgoing)))
    const { trace } = outgoing
    const traced = trace && { ...request, headers: { ...request.headers, ...trace } }
    return httpCall(carriage, outgoing, id, traced ?? request)
  }

  #tell(body: string): void {
    if (this.#open) void this.#send(this.#post(body))
  }

  /** For what has no answer; whether it arrived shows in the requests that have one. */
  #send(request: HttpRequest): Promise<void> {
    return new Promise(resolve => {
      httpExchange(this.#target.pool, request, {
        onEvent: () => undefined,
        onBody: () => undefined,
        onEnd: () => resolve(),
        onFailure: () => resolve(),
      })
    })
  }

  /** The stream on which the server speaks up by itself; servers may have none. */
  #listen(lastEventId: string): void {
    if (!this.#open) return
    const headers = lastEventId === '' ? {} : { 'last-event-id': lastEventId }
    const listener = new Listener(this.#respond, this.#events, (status, last) => {
      if (status === 404 && this.#session !== null) return this.#lose()
      if (status >= 400 && status < 500) return
      this.#again = setTimeout(() => this.#listen(last), this.#retry.next())
    })
    const request = this.#asked('GET', headers)
    this.#stopListening = httpExchange(this.#target.pool, request, listener)
  }

  #lose(): void {
    if (!this.#open) return
    this.#shut()
    this.#events.onClose()
  }

  #shut(): void {
    this.#open = false
    clearTimeout(this.#again)
    this.#stopListening()
  }

  #post(body: string): HttpRequest {
    this.#posting ??= this.#asked('POST', { 'content-type': 'application/json' })
    const { method, path, headers } = this.#posting
    return { method, path, headers, body }
  }

  #asked(method: HttpRequest['method'], more: Readonly<Record<string, string>>): HttpRequest {
    const headers: Record<string, string> = {
      ...this.#target.headers,
      accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
      ...more,
    }
    if (this.#introduction !== newestLegacy) {
      headers['mcp-protocol-version'] = this.#introduction.protocol
    }
    if (this.#session !== null) headers['mcp-session-id'] = this.#session
    return { method, path: this.#target.path, headers }
  }
}

class Listener implements HttpReceiver {
  readonly #respond: (id: Id, answer: string) => void
  readonly #events: LinkEvents
  readonly #onOver: (status: number, lastEventId: string) => void
  #lastEventId = ''

  constructor(
    respond: (id: Id, answer: string) => void,
    events: LinkEvents,
    onOver: (status: number, lastEventId: string) => void,
  ) {
    this.#respond = respond
    this.#events = events
    this.#onOver = onOver
  }

  onEvent({ id, data }: { readonly id: string; readonly data: string }): void {
    if (id !== '') this.#lastEventId = id
    if (data === '') return
    for (const heard of hear(data, 200, this.#respond)) {
      if (heard.kind === 'said') this.#events.onMessage(heard.incoming)
    }
  }

  onBody(): void {}

  onEnd(status: number): void {
    this.#onOver(status, this.#lastEventId)
  }

  onFailure(): void {
    this.#onOver(0, this.#lastEventId)
  }
}
