import { randomUUID } from 'node:crypto'
import type { WebSocket } from 'ws'
import type { Permission } from '../../../schemas/account.ts'
import { rolePermissions } from '../../accounts/role-permissions.ts'
import type { Attempts } from '../attempts.ts'
import type { Authenticate, Authenticated } from '../authenticate.ts'
import { type Caller, sees } from '../caller.ts'
import { nobody } from '../guard.ts'
import { tooMany } from '../visible-request.ts'
import { type ClientMessage, readMessage } from './client-message.ts'
import { type Live, type Topic, topics } from './live.ts'
import { type Outlet, outlet } from './outlet.ts'
import { type Reader, reader } from './reader.ts'
import { numberOf, positionOf } from './topic-log.ts'

export interface SessionNeeds {
  readonly live: Live
  readonly authenticate: Authenticate
  readonly attempts: Attempts
  readonly now: () => number
  readonly log: { error(fields: object, message: string): void }
}

/** Who is at the other end, as far as the upgrade told. */
export interface Visitor {
  readonly address: string
  readonly who: Authenticated | null
}

/** A peer that says nothing for so long is asked whether it is there, and has so long to answer. */
const silenceMs = 60_000
const patienceMs = 10_000

/** What a client may say in a minute, and how often it may show a token that is not known. */
const mostMessages = 300
const mostFailures = 5

/** One connection, until it closes. */
export class Session {
  readonly #socket: WebSocket
  readonly #address: string
  readonly #needs: SessionNeeds
  readonly #outlet: Outlet
  readonly #readers = new Map<Topic, Reader>()
  #who: Authenticated | null
  #heardAt: number
  #askedAt: number | null = null
  #failures = 0
  #turn: Promise<void> = Promise.resolve()
  #said = { minute: 0, count: 0 }

  constructor(socket: WebSocket, { address, who }: Visitor, needs: SessionNeeds) {
    this.#socket = socket
    this.#address = address
    this.#needs = needs
    this.#who = who
    this.#heardAt = needs.now()
    this.#outlet = outlet(socket, needs.now)
    socket.on('message', (data, isBinary) => this.#heard(isBinary ? null : `${data}`))
    socket.on('pong', () => this.#noise())
    socket.on('ping', () => this.#noise())
    socket.on('error', () => undefined)
    socket.on('close', () => this.#stop())
    const known = who !== null
    this.#say({
      type: 'handshake',
      session_id: randomUUID(),
      authenticated: known,
      message: known ? 'Subscribe to a topic.' : 'Authenticate with a key, then subscribe.',
    })
  }

  /** Whether somebody is known at the other end. */
  get isKnown(): boolean {
    return this.#who !== null
  }

  /** Looks after the connection; called every few seconds. */
  beat(): void {
    this.#lookAgain()
    const now = this.#needs.now()
    if (this.#who?.now() === null) this.close(1008, 'the key is not valid any more')
    else if (this.#outlet.stalledMs() >= patienceMs) this.close(1013, 'too slow')
    else if (this.#askedAt !== null && now - this.#askedAt >= patienceMs) {
      this.close(1001, 'no answer')
    } else if (this.#askedAt === null && now - this.#heardAt >= silenceMs) {
      this.#askedAt = now
      this.#socket.ping()
    }
  }

  /** Whoever is signed out hears no more; that nobody can say so just now cuts nobody off. */
  #lookAgain(): void {
    this.#who?.holds?.().then(
      still => {
        if (!still) this.close(1008, 'signed out')
      },
      () => undefined,
    )
  }

  close(code: number, reason: string): void {
    this.#stop()
    this.#socket.close(code, reason)
  }

  /** Cuts the connection without a word. */
  end(): void {
    this.#stop()
    this.#socket.terminate()
  }

  #stop(): void {
    for (const { stop } of this.#readers.values()) stop()
    this.#readers.clear()
  }

  #noise(): void {
    this.#heardAt = this.#needs.now()
    this.#askedAt = null
  }

  #say(message: object): void {
    if (!this.#outlet.say(JSON.stringify(message))) this.close(1013, 'too slow')
  }

  #heard(data: string | null): void {
    this.#noise()
    const message = data === null ? null : readMessage(data)
    if (this.#talksTooMuch()) this.close(1008, 'too many messages')
    else if (message === null) this.#say({ type: 'error', error: 'This is no message.' })
    // One after the other: what is asked right after a token is asked by its holder.
    else this.#turn = this.#turn.then(() => this.#answer(message)).catch(e => this.#fail(e))
  }

  #talksTooMuch(): boolean {
    const minute = Math.floor(this.#needs.now() / 60_000)
    this.#said = { minute, count: minute === this.#said.minute ? this.#said.count + 1 : 1 }
    return this.#said.count > mostMessages
  }

  async #answer({ type, topic = '', since, token = '' }: ClientMessage): Promise<void> {
    switch (type) {
      case 'authenticate':
        return this.#authenticate(token)
      case 'subscribe':
        return this.#subscribe(topic, since)
      case 'unsubscribe':
        return this.#unsubscribe(topic)
      case 'ping':
        return this.#say({ type: 'pong' })
      case 'pong':
        return
      default:
        this.#say({ type: 'error', error: `${type.slice(0, 64)} is not understood here.` })
    }
  }

  async #authenticate(token: string): Promise<void> {
    const who = await this.#needs.authenticate(token, this.#address)
    const { caller } = who
    if (caller.role === 'admin' || caller.role === 'person' || caller.role === 'account') {
      this.#who = who
      return this.#say({ type: 'authenticated', user: userOf(caller) })
    }
    const actor = nobody(caller, 'rest', this.#address)
    const record = { request: null, detail: `follow: ${actor.identity}`, actor }
    const wait = await this.#needs.attempts.failed({ from: this.#address, record })
    const error = wait > 0 ? tooMany(wait) : 'This key is not known.'
    this.#say({ type: 'auth_error', error })
    this.#failures += 1
    if (this.#failures >= mostFailures) this.close(1008, 'too many attempts')
  }

  #subscribe(asked: string, since: string | undefined): void {
    const topic = topicOf(asked)
    if (this.#who === null) this.#refuse(asked, 'subscribe', 'Authenticate first.')
    else if (topic === undefined) this.#refuse(asked, 'subscribe', noTopic)
    else this.#follow(topic, since)
  }

  #unsubscribe(asked: string): void {
    const topic = topicOf(asked)
    if (topic === undefined) this.#refuse(asked, 'unsubscribe', noTopic)
    else {
      this.#readers.get(topic)?.stop()
      this.#readers.delete(topic)
      this.#acknowledge(topic, 'unsubscribe')
    }
  }

  #follow(topic: Topic, since: string | undefined): void {
    const { live } = this.#needs
    const log = live.log(topic)
    const seqOf = (number: number) => positionOf(live.stream, number)
    const following = reader(
      {
        log,
        send: this.#outlet.send,
        hears: namespace => this.#hears(topic, namespace),
        missed: newest =>
          this.#outlet.send(JSON.stringify({ type: 'resync', topic, seq: seqOf(newest) })),
        onFailure: error => this.#fail(error),
      },
      since === undefined ? log.newest() : numberOf(live.stream, since),
    )
    this.#readers.get(topic)?.stop()
    this.#readers.set(topic, following)
    this.#acknowledge(topic, 'subscribe', seqOf(log.newest()))
    following.wake()
  }

  #refuse(topic: string, action: string, error: string): void {
    this.#say({ type: 'subscription_error', topic, action, error })
  }

  #acknowledge(topic: Topic, action: 'subscribe' | 'unsubscribe', seq?: string): void {
    const followed = [...this.#readers.keys()]
    this.#say({ type: 'subscription_ack', topic, action, topics: followed, ...(seq && { seq }) })
  }

  /** Looked at for every message: what somebody may hear ends with the key. */
  #hears(topic: Topic, namespace: string | null): boolean {
    const caller = this.#who?.now() ?? null
    if (caller === null) return false
    if (caller.role === 'account') return rolePermissions[caller.account.role].has(opens[topic])
    return namespace === null || sees(caller, namespace)
  }

  #fail(error: unknown): void {
    // Whoever is gone misses nothing, and the store may be gone as well.
    if (this.#socket.readyState !== this.#socket.OPEN) return
    this.#needs.log.error({ err: error }, 'live message not sent')
    this.close(1011, 'something went wrong')
  }
}

/** What an account must be allowed to hear of a topic. */
const opens: { readonly [Name in Topic]: Permission } = {
  approvals: 'view_approvals',
  activity: 'view_audit',
  flow_executions: 'view_status',
  system: 'view_status',
}

const noTopic = `There are the topics ${topics.join(', ')}.`

function topicOf(asked: string): Topic | undefined {
  return topics.find(topic => topic === asked)
}

function userOf(caller: Extract<Caller, { readonly role: 'admin' | 'person' | 'account' }>) {
  const { person } = caller
  const namespaces = person === null ? [] : [...person.users.keys()]
  if (person === null) return { id: 'admin', username: 'admin', email: null, namespaces }
  const { name, email } = person
  return { id: name, username: name, email, namespaces }
}
