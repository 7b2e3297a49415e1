import { ProxyFailure, type ProxyFailureCode } from '../../failure.ts'
import { type Id, type JsonObject, notificationJson, requestJson } from '../rpc.ts'
import { legacyParams } from './envelope.ts'
import { hear } from './incoming.ts'
import { introduce, newestLegacy } from './introduction.ts'
import type { Identity, Incoming, Introduction, Link, LinkEvents, Outgoing, Reply } from './link.ts'

/** Carries messages both ways and belongs to one server. */
export interface Channel {
  send(text: string): void
  /** Settles when nothing of it is left running. */
  close(): Promise<void>
}

/** What a channel tells; `onClose` is the last, and comes once. */
export interface ChannelEvents {
  onText(text: string): void
  onClose(failure: ProxyFailure): void
}

/** Starts a channel; `events` may be called as soon as the promise has resolved. */
export type OpenChannel = (events: ChannelEvents) => Promise<Channel>

/** Opens a session over a channel that several clients may share; rejects with a ProxyFailure. */
export async function openChannelLink(
  open: OpenChannel,
  identity: Identity,
  events: LinkEvents,
  timeoutMs: number,
): Promise<Link> {
  const link = new ChannelLink(events)
  link.attach(await open(link))
  try {
    await link.initialize(identity, timeoutMs)
  } catch (error) {
    await link.close()
    throw error
  }
  return link
}

interface Pending {
  readonly outgoing: Outgoing
  readonly settle: (outcome: Reply | ProxyFailure) => void
  timer: NodeJS.Timeout | undefined
}

const nobody = '"error":{"code":-32603,"message":"it cannot be told which client this is for"}'

class ChannelLink implements Link, ChannelEvents {
  readonly era = 'legacy'
  readonly #events: LinkEvents
  readonly #pending = new Map<Id, Pending>()
  #channel: Channel = { send: () => undefined, close: () => Promise.resolve() }
  #introduction: Introduction = newestLegacy
  #lastId = 0
  #open = true

  constructor(events: LinkEvents) {
    this.#events = events
  }

  attach(channel: Channel): void {
    if (this.#open) this.#channel = channel
    else void channel.close()
  }

  get introduction(): Introduction {
    return this.#introduction
  }

  get open(): boolean {
    return this.#open
  }

  async initialize(identity: Identity, timeoutMs: number): Promise<void> {
    this.#introduction = await introduce(outgoing => this.request(outgoing), identity, timeoutMs)
    this.notify('notifications/initialized', '{}')
  }

  request(outgoing: Outgoing): Promise<Reply> {
    if (!this.#open) {
      return Promise.reject(new ProxyFailure('upstream_unreachable', 'the server is not running'))
    }
    if (outgoing.cancellation?.aborted) {
      return Promise.reject(new ProxyFailure('cancelled', 'the client cancelled the request'))
    }
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const onAbort = () => this.#giveUp(id, 'cancelled', 'the client cancelled the request')
      const settle = (outcome: Reply | ProxyFailure) => {
        clearTimeout(pending.timer)
        this.#pending.delete(id)
        outgoing.cancellation?.listen(null)
        if (outcome instanceof ProxyFailure) reject(outcome)
        else resolve(outcome)
      }
      const pending: Pending = { outgoing, settle, timer: undefined }
      this.#pending.set(id, pending)
      this.#startClock(id, pending)
      outgoing.cancellation?.listen(onAbort)
      this.#channel.send(requestJson(id, outgoing.method, this.#params(id, outgoing)))
    })
  }

  notify(method: string, params: string): void {
    if (this.#open) this.#channel.send(notificationJson(method, params))
  }

  close(): Promise<void> {
    this.#shut(new ProxyFailure('upstream_stopped', 'the server was stopped'))
    return this.#channel.close()
  }

  /** What cannot be digested ends the conversation, never the process. */
  onText(text: string): void {
    try {
      for (const heard of hear(text, 200, this.#respond)) {
        if (heard.kind === 'said') this.#said(heard.incoming)
        else if (heard.kind === 'reply') this.#pending.get(heard.id)?.settle(heard.reply)
      }
    } catch (cause) {
      this.onClose(new ProxyFailure('upstream_garbage', 'it sent what is not MCP', { cause }))
      void this.#channel.close()
    }
  }

  onClose(failure: ProxyFailure): void {
    if (!this.#open) return
    this.#shut(failure)
    this.#events.onClose()
  }

  readonly #respond = (id: Id, answer: string): void => {
    if (this.#open) this.#channel.send(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},${answer}}`)
  }

  /** Clients choose equal progress tokens; on a shared channel the request's own id stands for them. */
  #params(id: number, outgoing: Outgoing): string {
    if (outgoing.meta.progressToken === undefined) return legacyParams(outgoing)
    return legacyParams({ ...outgoing, meta: { ...outgoing.meta, progressToken: id } })
  }

  #said(incoming: Incoming): void {
    if (incoming.method === 'notifications/progress') {
      this.#progress(incoming.params)
      return
    }
    const about = aboutOneRequest.has(incoming.method) ? this.#onlyOwner() : null
    if (about !== null) about.outgoing.onMessage(this.#clocked(about, incoming))
    else if (incoming.reply !== undefined) incoming.reply(nobody)
    else this.#events.onMessage(incoming)
  }

  #progress(params: JsonObject): void {
    const { progressToken } = params
    const pending = typeof progressToken === 'number' ? this.#pending.get(progressToken) : undefined
    const original = pending?.outgoing.meta.progressToken
    if (pending === undefined || original === undefined) return
    const given = { ...params, progressToken: original }
    const text = JSON.stringify(given)
    pending.outgoing.onMessage({ method: 'notifications/progress', params: given, text })
  }

  /** The newest request, provided that everything in flight belongs to one client. */
  #onlyOwner(): Pending | null {
    let newest: Pending | null = null
    for (const pending of this.#pending.values()) {
      const { owner } = pending.outgoing
      if (owner === null) continue
      if (newest !== null && newest.outgoing.owner !== owner) return null
      newest = pending
    }
    return newest
  }

  #clocked(pending: Pending, incoming: Incoming): Incoming {
    const { reply } = incoming
    if (reply === undefined) return incoming
    clearTimeout(pending.timer)
    return {
      ...incoming,
      reply: answer => {
        for (const [id, one] of this.#pending) if (one === pending) this.#startClock(id, one)
        reply(answer)
      },
    }
  }

  #startClock(id: Id, pending: Pending): void {
    clearTimeout(pending.timer)
    const { timeoutMs } = pending.outgoing
    if (timeoutMs === 0) return
    const onTime = () => this.#giveUp(id, 'upstream_timeout', `no answer within ${timeoutMs} ms`)
    pending.timer = setTimeout(onTime, timeoutMs)
  }

  #giveUp(id: Id, code: ProxyFailureCode, problem: string): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    pending.settle(new ProxyFailure(code, problem))
    if (pending.outgoing.method === 'initialize') return
    this.notify('notifications/cancelled', `{"requestId":${id},"reason":"nobody waits"}`)
  }

  #shut(failure: ProxyFailure): void {
    this.#open = false
    for (const pending of [...this.#pending.values()]) pending.settle(failure)
  }
}

const aboutOneRequest: ReadonlySet<string> = new Set([
  'sampling/createMessage',
  'elicitation/create',
  'roots/list',
  'notifications/message',
  'notifications/cancelled',
  'notifications/elicitation/complete',
])
