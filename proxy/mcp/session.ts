import type { ServerResponse } from 'node:http'
import { type Account, openAccount } from './account.ts'
import type { Cancellation } from './cancellation.ts'
import { ClaimedIds } from './claimed-ids.ts'
import type { Client, Exchange } from './exchange.ts'
import { fromServer, verdictOn } from './gate.ts'
import type { Caller } from './needs.ts'
import { ReplayStream } from './replay-stream.ts'
import { type Id, isObject, type JsonObject, notificationJson, requestJson } from './rpc.ts'
import { changedBy } from './upstream/catalog.ts'
import type { Identity, Incoming } from './upstream/link.ts'
import type { Upstream } from './upstream/upstream.ts'

const mostClaimed = 16_384
const mostQuestions = 64
const mostStreams = 32

/** Levels of log messages, least severe first. */
export const logLevels = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const

/** What a client must have declared before it is asked. */
const needed: { readonly [method: string]: string } = {
  'sampling/createMessage': 'sampling',
  'elicitation/create': 'elicitation',
  'roots/list': 'roots',
}

/** A question of a server that the client has not answered yet. */
interface Question {
  readonly reply: (answer: string) => void
  readonly upstream: Upstream
  readonly serverId: Id | undefined
  /** The client's request during which it was asked, if any. */
  readonly during: Id | null
}

/** What a session is opened with. */
export interface SessionStart {
  readonly id: string
  readonly caller: Caller
  readonly keyHash: string
  readonly protocol: string
  readonly identity: Identity
  readonly now: number
  /** Where what it does is counted; an account of its own when omitted. */
  readonly account?: Account
}

/** The conversation with a client of protocol versions up to 2025-11-25. */
export class Session implements Client {
  readonly era = 'legacy'
  readonly id: string
  readonly keyHash: string
  readonly protocol: string
  readonly identity: Identity
  readonly account: Account
  /** Requests that are being worked on. */
  readonly inFlight = new Map<Id, Cancellation>()
  /** Who the key belongs to by the table now in force. */
  caller: Caller
  logLevel: string | null = null
  readonly #claimed = new ClaimedIds(mostClaimed)
  readonly #questions = new Map<number, Question>()
  readonly #subscriptions = new Set<string>()
  readonly #streams = new Map<string, ReplayStream>()
  readonly #own = new ReplayStream('0')
  #lastQuestion = 0
  #lastStream = 0

  constructor({ id, caller, keyHash, protocol, identity, now, account }: SessionStart) {
    this.id = id
    this.caller = caller
    this.keyHash = keyHash
    this.protocol = protocol
    this.identity = identity
    this.account = account ?? openAccount(id, now)
    this.#streams.set('0', this.#own)
  }

  claim(id: Id): boolean {
    return this.#claimed.claim(id)
  }

  relay({ id, say, params }: Exchange, upstream: Upstream, message: Incoming): void {
    const { method } = message
    if (method !== 'notifications/progress') {
      this.#pass(say, upstream, message, id)
      return
    }
    const { _meta: meta } = params
    const token = isObject(meta) ? meta.progressToken : undefined
    if (token !== undefined && message.params.progressToken === token) {
      say(notificationJson(method, message.text))
    }
  }

  hear(upstream: Upstream, message: Incoming): void {
    if (message.method === 'notifications/progress') return
    this.#pass(json => this.#own.push(json), upstream, message, null)
  }

  /** Tells the client something that belongs to none of its requests. */
  announce(method: string): void {
    this.#own.push(notificationJson(method))
  }

  /** Takes the client's answer to a question; answers to nothing are ignored. */
  answered(id: Id, value: JsonObject): void {
    const question = typeof id === 'number' ? this.#questions.get(id) : undefined
    if (question === undefined) return
    this.#questions.delete(Number(id))
    const kind = 'result' in value ? 'result' : 'error'
    question.reply(`"${kind}":${JSON.stringify(value[kind])}`)
  }

  /** Forgets the questions asked during a request that has been answered. */
  finished(id: Id): void {
    this.inFlight.delete(id)
    if (this.#questions.size === 0) return
    for (const [key, { during }] of this.#questions) if (during === id) this.#questions.delete(key)
  }

  follow(upstream: Upstream, uri: string, on: boolean): void {
    const key = `${upstream.name} ${uri}`
    if (on && this.#subscriptions.size < 1024) this.#subscriptions.add(key)
    if (!on) this.#subscriptions.delete(key)
  }

  /** A stream for the messages of one POST. */
  openStream(): ReplayStream {
    const name = String(++this.#lastStream)
    const stream = new ReplayStream(name)
    this.#streams.set(name, stream)
    for (const [old, { ended }] of this.#streams) {
      if (this.#streams.size > mostStreams && ended) this.#streams.delete(old)
    }
    return stream
  }

  /** Whether this session has sent an event of that id. */
  has(eventId: string): boolean {
    return this.#streams.has(positionOf(eventId).stream)
  }

  /** Goes on after an event, or on the session's own stream. */
  resume(response: ServerResponse, lastEventId: string | null): void {
    if (lastEventId === null) {
      this.#own.attach(response, this.#own.sent)
      return
    }
    const { stream, seq } = positionOf(lastEventId)
    this.#streams.get(stream)?.attach(response, seq)
  }

  /** Keeps open streams from looking dead. */
  breathe(): void {
    for (const stream of this.#streams.values()) stream.breathe()
  }

  close(): void {
    for (const cancellation of this.inFlight.values()) cancellation.abort()
    for (const { reply } of this.#questions.values()) reply(gone)
    this.#questions.clear()
    for (const stream of this.#streams.values()) stream.end()
  }

  #pass(
    say: (json: string) => void,
    upstream: Upstream,
    message: Incoming,
    during: Id | null,
  ): void {
    const { method, text, reply, id: serverId } = message
    const verdict = verdictOn(fromServer, method, 'legacy')
    if (reply !== undefined) {
      const refusal = this.#cannotAsk(message)
      if (refusal !== null) {
        reply(refusal)
        return
      }
      const question = ++this.#lastQuestion
      this.#questions.set(question, { reply, upstream, serverId, during })
      say(requestJson(question, method, text))
      return
    }
    const changed = changedBy(method)
    if (changed.length > 0) void upstream.refresh(changed)
    if (verdict !== 'relay' || !this.#wants(upstream, message)) return
    if (method !== 'notifications/cancelled') {
      say(notificationJson(method, text))
      return
    }
    this.#withdraw(say, upstream, message)
  }

  /** What a server gets to hear at once instead of the client's answer. */
  #cannotAsk({ method }: Incoming): string | null {
    const verdict = verdictOn(fromServer, method, 'legacy')
    if (verdict === 'answer') return '"result":{}'
    const capability = needed[method]
    const able = capability !== undefined && isObject(this.identity.capabilities[capability])
    if (verdict !== 'relay' || !able) {
      return '"error":{"code":-32601,"message":"the client cannot answer this"}'
    }
    const crowded = this.#questions.size >= mostQuestions
    return crowded ? '"error":{"code":-32603,"message":"too many questions are open"}' : null
  }

  /** A server takes a question back under its own id; the client knows it under another. */
  #withdraw(say: (json: string) => void, upstream: Upstream, { params }: Incoming): void {
    for (const [id, question] of this.#questions) {
      if (question.upstream !== upstream || question.serverId !== params.requestId) continue
      this.#questions.delete(id)
      say(notificationJson('notifications/cancelled', JSON.stringify({ requestId: id })))
    }
  }

  #wants(upstream: Upstream, { method, params }: Incoming): boolean {
    if (method === 'notifications/resources/updated') {
      return this.#subscriptions.has(`${upstream.name} ${params.uri}`)
    }
    if (method !== 'notifications/message' || this.logLevel === null) return true
    const levels: readonly string[] = logLevels
    return levels.indexOf(String(params.level)) >= levels.indexOf(this.logLevel)
  }
}

const gone = '"error":{"code":-32603,"message":"the client is gone"}'

function positionOf(eventId: string): { readonly stream: string; readonly seq: number } {
  const [, stream = '', seq = ''] = /^(\d{1,9})-(\d{1,9})$/.exec(eventId) ?? []
  return { stream, seq: Number(seq) }
}
