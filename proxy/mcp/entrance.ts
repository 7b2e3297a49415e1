import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Json } from '../../policy/decide/facts.ts'
import { Crowd } from '../crowd.ts'
import { noteFault } from '../fault.ts'
import { readBody } from '../read-body.ts'
import { whoCalls } from '../who-calls.ts'
import type { Firewall } from './exchange.ts'
import type { LegacyDoor } from './legacy-door.ts'
import { isModern, type ModernDoor } from './modern-door.ts'
import { codes, isObject } from './rpc.ts'
import { strictJson } from './strict-json.ts'
import { headerOf, turnDown, type Visitor } from './visitor.ts'

const mostBodyBytes = 4 * 1024 * 1024

export interface EntranceNeeds {
  readonly firewall: Firewall
  readonly legacy: LegacyDoor
  readonly modern: ModernDoor
}

/** The MCP endpoint: finds out who asks, reads what is asked, and shows to the door of the era. */
export class Entrance {
  readonly #needs: EntranceNeeds
  readonly #crowd = new Crowd()

  constructor(needs: EntranceNeeds) {
    this.#needs = needs
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const visitor = this.#admit(request, response)
    if (visitor === null) return
    if (!this.#enter(visitor)) return
    const { legacy } = this.#needs
    if (request.method === 'POST') this.#post(visitor)
    else if (request.method === 'DELETE') legacy.delete(visitor)
    else if (request.method === 'GET' && request.headers['mcp-session-id'] !== undefined) {
      legacy.get(visitor)
    } else {
      response.setHeader('allow', 'POST, GET, DELETE')
      turnDown(response, 405, codes.refused, 'only POST works without a session')
    }
  }

  /** False when too much is under way. */
  #enter({ response, keyHash }: Visitor): boolean {
    if (this.#crowd.enter(keyHash)) {
      response.on('close', () => this.#crowd.leave(keyHash))
      return true
    }
    response.setHeader('retry-after', '1')
    turnDown(response, 429, codes.internal, 'too many requests are in flight')
    return false
  }

  /** Null when the key is not good; the client then hears nothing but that. */
  #admit(request: IncomingMessage, response: ServerResponse): Visitor | null {
    const { tables, now, meter } = this.#needs.firewall
    const known = whoCalls(tables, request, now())
    if (known !== null) return { request, response, ...known }
    meter.unauthorized()
    response.setHeader('www-authenticate', 'Bearer')
    turnDown(response, 401, codes.refused, 'Unauthorized')
    return null
  }

  #post(visitor: Visitor): void {
    const { request, response } = visitor
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
      turnDown(response, 415, codes.refused, 'the content type must be application/json')
      return
    }
    const accepted = request.headers.accept ?? ''
    const takes = (type: string) => accepted.includes(type) || accepted.includes('*/*')
    if (!takes('application/json') || !takes('text/event-stream')) {
      const problem = 'the client must accept application/json and text/event-stream'
      turnDown(response, 406, codes.refused, problem)
      return
    }
    readBody(request, mostBodyBytes, bytes => {
      if (bytes === null) {
        response.setHeader('connection', 'close')
        return turnDown(response, 413, codes.refused, 'the request is too large')
      }
      const body = strictJson(bytes)
      if (body.ok) this.#show(visitor, body.value)
      else this.#malformed(response, body.problem, body.value)
    })
  }

  /** What is JSON but ambiguous is told under its id with 200, so that it reaches whoever wrote it. */
  #malformed(response: ServerResponse, problem: string, value: Json | undefined): void {
    const id = isObject(value) ? value.id : undefined
    const message = `Parse error: ${problem}`
    if (typeof id === 'string' || typeof id === 'number') {
      turnDown(response, 200, codes.parse, message, id)
      return
    }
    turnDown(response, 400, codes.parse, message)
  }

  #show(visitor: Visitor, body: Json): void {
    const { legacy, modern } = this.#needs
    const version = headerOf(visitor.request, 'mcp-protocol-version')
    try {
      if (isModern(version, body)) modern.post(visitor, body)
      else legacy.post(visitor, body)
    } catch (error) {
      noteFault(this.#needs.firewall, error)
      turnDown(visitor.response, 500, codes.internal, 'an unexpected error in Writ')
    }
  }
}
