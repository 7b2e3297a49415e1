import type { Json } from '../../policy/decide/facts.ts'
import { noteFault } from '../fault.ts'
import { Cancellation } from './cancellation.ts'
import {
  type Answer,
  answerError,
  answerWith,
  type Exchange,
  type Firewall,
  handled,
} from './exchange.ts'
import { fromClient, verdictOn } from './gate.ts'
import { handlers } from './handlers.ts'
import { introduceTo } from './introduce-writ.ts'
import { Outlet } from './outlet.ts'
import { streamHeaders } from './replay-stream.ts'
import {
  codes,
  errorJson,
  type Id,
  isObject,
  type JsonObject,
  type Message,
  messageOf,
} from './rpc.ts'
import { logLevels, type Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import { legacyVersions } from './upstream/introduction.ts'
import { headerOf, turnDown, type Visitor } from './visitor.ts'

const versions: readonly string[] = legacyVersions.filter(version => version !== '2024-11-05')
const batching = '2025-03-26'
const mostInBatch = 64
const mostInFlight = 128

/** POST, GET and DELETE of clients with sessions: protocol versions 2025-03-26 to 2025-11-25. */
export class LegacyDoor {
  readonly #firewall: Firewall
  readonly #sessions: Sessions

  constructor(firewall: Firewall, sessions: Sessions) {
    this.#firewall = firewall
    this.#sessions = sessions
  }

  post(visitor: Visitor, body: Json): void {
    const messages = Array.isArray(body) ? body.map(messageOf) : [messageOf(body)]
    const [first] = messages
    if (first?.kind === 'request' && first.method === 'initialize' && !Array.isArray(body)) {
      this.#initialize(visitor, first).catch(error => {
        noteFault(this.#firewall, error)
        const problem = 'an unexpected error in Writ'
        turnDown(visitor.response, 500, codes.internal, problem, first.id)
      })
    } else this.#continue(visitor, messages, Array.isArray(body))
  }

  /** Opens the session's own stream, or goes on with one that broke off. */
  get(visitor: Visitor): void {
    const { request, response } = visitor
    const session = this.#sessionOf(visitor, null)
    if (session === null) return
    if (!String(request.headers.accept).includes('text/event-stream')) {
      turnDown(response, 406, codes.refused, 'the client must accept text/event-stream')
      return
    }
    const lastEventId = headerOf(request, 'last-event-id')
    if (lastEventId !== null && !session.has(lastEventId)) {
      turnDown(response, 400, codes.refused, 'there is no such event in this session')
      return
    }
    response.writeHead(200, { ...streamHeaders, 'mcp-session-id': session.id })
    response.flushHeaders()
    session.resume(response, lastEventId)
  }

  delete(visitor: Visitor): void {
    const session = this.#sessionOf(visitor, null)
    if (session === null) return
    this.#sessions.close(session)
    visitor.response.writeHead(200, { 'content-length': 0 }).end()
  }

  async #initialize(
    visitor: Visitor,
    { id, params }: Message & { kind: 'request' },
  ): Promise<void> {
    const { response, caller, keyHash, request } = visitor
    if (headerOf(request, 'mcp-session-id') !== null) {
      return turnDown(response, 400, codes.invalidRequest, 'the session is open already', id)
    }
    const { protocolVersion, capabilities = {}, clientInfo = {} } = params
    if (typeof protocolVersion !== 'string' || !isObject(capabilities) || !isObject(clientInfo)) {
      const problem = '`protocolVersion`, `capabilities` and `clientInfo` are required'
      return turnDown(response, 400, codes.invalidParams, problem, id)
    }
    const protocol = versions.includes(protocolVersion) ? protocolVersion : legacyVersions[0]
    const identity = { clientInfo, capabilities }
    const { accounts, now } = this.#firewall
    const bound = caller.session === undefined ? {} : { account: accounts.of(caller, now()) }
    const session = this.#sessions.open({ caller, keyHash, protocol, identity, ...bound })
    this.#firewall.meter.request('initialize')
    const headers = { 'mcp-session-id': session.id }
    const outlet = new Outlet({ response, headers }, 1, false)
    outlet.answer(await introduceTo(this.#firewall, session, id))
  }

  #continue(visitor: Visitor, messages: readonly Message[], batch: boolean): void {
    const { request, response } = visitor
    const id = idOf(messages[0])
    const version = headerOf(request, 'mcp-protocol-version')
    if (version !== null && !versions.includes(version)) {
      const problem = `protocol version ${JSON.stringify(version)} is not supported`
      turnDown(response, 400, codes.refused, problem, id)
      return
    }
    const session = this.#sessionOf(visitor, id)
    if (session === null) return
    const problem = batch ? batchProblem(session, messages) : null
    if (problem !== null) turnDown(response, 400, codes.invalidRequest, problem)
    else this.#take(visitor, session, messages, batch)
  }

  #sessionOf({ request, response, keyHash, caller }: Visitor, id: Id | null): Session | null {
    const named = headerOf(request, 'mcp-session-id')
    if (named === null) {
      turnDown(response, 400, codes.refused, 'the header Mcp-Session-Id is missing', id)
      return null
    }
    const session = this.#sessions.find(named, keyHash, caller)
    if (session === null) turnDown(response, 404, codes.noSession, 'there is no such session', id)
    return session
  }

  #take(
    { request, response }: Visitor,
    session: Session,
    messages: readonly Message[],
    batch: boolean,
  ): void {
    const awaited = messages.filter(({ kind }) => kind === 'request' || kind === 'malformed').length
    if (awaited === 0) response.writeHead(202, { 'content-length': 0 }).end()
    const openStream = () => session.openStream()
    const outlet = awaited === 0 ? null : new Outlet({ response, openStream }, awaited, batch)
    for (const message of messages) {
      if (message.kind === 'notification') this.#notified(session, message.method, message.params)
      else if (message.kind === 'response') session.answered(message.id, message.value)
      else if (message.kind === 'malformed') outlet?.answer(malformed(message))
      else if (outlet !== null) this.#asked(session, message, request.headers, outlet)
    }
  }

  #asked(
    session: Session,
    { id, method, params }: Message & { kind: 'request' },
    headers: Exchange['headers'],
    outlet: Outlet,
  ): void {
    const cancellation = new Cancellation()
    const say = (json: string) => outlet.say(json)
    const exchange: Exchange = {
      client: session,
      id,
      method,
      params,
      headers,
      arrivedAt: this.#firewall.meter.clock(),
      cancellation,
      say,
      reach: outlet,
    }
    if (session.inFlight.has(id)) {
      outlet.answer(answerError(exchange, codes.invalidRequest, 'this id is in use'))
      return
    }
    if (session.inFlight.size >= mostInFlight) {
      outlet.answer(answerError(exchange, codes.internal, 'too many requests are in flight'))
      return
    }
    session.inFlight.set(id, cancellation)
    const done = (answer: Answer) => {
      session.finished(id)
      if (cancellation.aborted) outlet.skip()
      else outlet.answer(answer)
    }
    handled(this.#firewall, exchange, (_, traced) => this.#answer(session, traced), done)
  }

  #answer(session: Session, exchange: Exchange): Promise<Answer> | Answer {
    const { method, params } = exchange
    const verdict = verdictOn(fromClient, method, 'legacy')
    this.#firewall.meter.request(verdict === 'refuse' ? 'refused' : method)
    if (verdict !== 'refuse') {
      if (method === 'ping') return answerWith(exchange, {})
      if (method === 'logging/setLevel') return this.#setLevel(session, exchange, params)
      const handle = handlers[method]
      if (handle !== undefined) return handle(this.#firewall, exchange)
    }
    return answerError(exchange, codes.methodNotFound, 'Method not found')
  }

  #setLevel(session: Session, exchange: Exchange, { level }: JsonObject): Answer {
    const known: readonly string[] = logLevels
    if (typeof level !== 'string' || !known.includes(level)) {
      return answerError(exchange, codes.invalidParams, '`level` is not a log level')
    }
    session.logLevel = level
    return answerWith(exchange, {})
  }

  #notified(session: Session, method: string, params: JsonObject): void {
    const verdict = verdictOn(fromClient, method, 'legacy')
    this.#firewall.meter.request(verdict === 'refuse' ? 'refused' : method)
    if (verdict !== 'relay') return
    if (method === 'notifications/cancelled') {
      const { requestId } = params
      if (typeof requestId !== 'string' && typeof requestId !== 'number') return
      session.inFlight.get(requestId)?.abort()
      return
    }
    const { upstreams } = this.#firewall.servers.offers(session.caller.namespace)
    for (const upstream of upstreams) {
      upstream.opened(session)?.then(
        link => link.notify(method, '{}'),
        () => undefined,
      )
    }
  }
}

function idOf(message: Message | undefined): Id | null {
  return message !== undefined && 'id' in message ? message.id : null
}

function malformed({ id, problem }: Message & { kind: 'malformed' }): Answer {
  return { json: errorJson(id, codes.invalidRequest, `Invalid request: ${problem}`), status: 400 }
}

function batchProblem({ protocol }: Session, messages: readonly Message[]): string | null {
  if (protocol !== batching) return `protocol version ${protocol} knows no batches`
  if (messages.length === 0) return 'the batch is empty'
  if (messages.length > mostInBatch) return `a batch may hold ${mostInBatch} messages`
  const initializes = messages.some(
    message => message.kind === 'request' && message.method === 'initialize',
  )
  return initializes ? 'initialize cannot be part of a batch' : null
}
