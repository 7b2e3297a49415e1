import type { IncomingMessage, ServerResponse } from 'node:http'
import { Crowd } from '../crowd.ts'
import { noteFault } from '../fault.ts'
import { Cancellation } from '../mcp/cancellation.ts'
import { readBody } from '../read-body.ts'
import type { TraceIds } from '../telemetry/call-trace.ts'
import { whoCalls } from '../who-calls.ts'
import { dialectAt, type Endpoint, endpointOf, modelIn } from './endpoint.ts'
import type { Gateway, Visit } from './gateway.ts'
import { listModels, showModel } from './list-models.ts'
import { modelRequest } from './model-request.ts'
import { type ProblemCode, turnAway } from './problem.ts'
import { serveModel } from './serve-model.ts'
import { sessionAccount } from './session-account.ts'
import { traceOfModel } from './trace-of-model.ts'
import type { Dialect } from './translate/translation.ts'

const mostBodyBytes = 32 * 1024 * 1024
/** What is held of all bodies under way. */
const mostBodyBytesInAll = 256 * 1024 * 1024
const mostInFlight = 4096
const mostPerKey = 2048

/** A body, and whom to tell that it is not held any more. */
interface Read {
  readonly bytes: Buffer
  readonly gone: () => void
}

/** The endpoints of the model APIs: finds out who asks and what, and has it answered in the dialect of the endpoint. */
export class ModelsDoor {
  readonly #gateway: Gateway
  readonly #crowd = new Crowd(mostInFlight, mostPerKey)
  #bodyBytes = 0

  constructor(gateway: Gateway) {
    this.#gateway = gateway
  }

  handle(request: IncomingMessage, response: ServerResponse, path: string): void {
    const endpoint = endpointOf(request.method ?? '', path)
    if (typeof endpoint !== 'string' && endpoint.verdict === 'probe') {
      response.writeHead(200, { 'content-length': 0 }).end()
      return
    }
    const visit = this.#admit(request, response, path)
    if (visit === null) return
    if (request.headers.upgrade !== undefined) {
      response.setHeader('upgrade', 'HTTP/1.1')
      fail(response, dialectAt(path), 'no_websocket', 'there is no WebSocket here; use POST')
    } else if (typeof endpoint === 'string') this.#unknown(response, path, endpoint)
    else if (endpoint.verdict === 'list') listModels(this.#gateway, visit, endpoint)
    else if (endpoint.verdict === 'show')
      showModel(this.#gateway, visit, endpoint, modelIn(path) ?? '')
    else this.#read(visit, endpoint)
  }

  #unknown(response: ServerResponse, path: string, why: 'wrong_method' | 'unknown'): void {
    const wrong = why === 'wrong_method'
    const code = wrong ? 'method_not_allowed' : 'unknown_endpoint'
    const message = wrong ? 'another method is needed here' : 'Writ has no such endpoint'
    fail(response, dialectAt(path), code, message)
  }

  /** Null when the key is not good, or too much is under way. */
  #admit(request: IncomingMessage, response: ServerResponse, path: string): Visit | null {
    const { tables, meter, now } = this.#gateway
    const known = whoCalls(tables, request, now())
    if (known === null) {
      meter.unauthorized()
      fail(response, dialectAt(path), 'invalid_api_key', 'the API key is not valid at Writ')
      return null
    }
    const { keyHash } = known
    if (!this.#crowd.enter(keyHash)) {
      response.setHeader('retry-after', '1')
      fail(response, dialectAt(path), 'too_many_requests', 'too many requests are in flight')
      return null
    }
    response.on('close', () => this.#crowd.leave(keyHash))
    return { request, response, ...known }
  }

  #read(visit: Visit, endpoint: Endpoint): void {
    const { request, response } = visit
    let mine = 0
    const gone = () => {
      this.#bodyBytes -= mine
      mine = 0
    }
    response.on('close', gone)
    request.on('data', (chunk: Buffer) => {
      mine += chunk.length
      this.#bodyBytes += chunk.length
      if (this.#bodyBytes <= mostBodyBytesInAll) return
      response.setHeader('retry-after', '1').setHeader('connection', 'close')
      fail(response, endpoint.dialect, 'too_many_requests', 'too much is being read at once')
      response.once('finish', () => request.destroy())
    })
    readBody(request, mostBodyBytes, bytes => {
      if (response.headersSent) return
      if (bytes === null) {
        response.setHeader('connection', 'close')
        fail(response, endpoint.dialect, 'request_too_large', 'the request is too large')
      } else this.#show(visit, endpoint, { bytes, gone })
    })
  }

  #show(visit: Visit, endpoint: Endpoint, read: Read): void {
    try {
      this.#serve(visit, endpoint, read)
    } catch (error) {
      this.#fault(visit.response, endpoint.dialect, error)
    }
  }

  #serve(visit: Visit, endpoint: Endpoint, { bytes, gone }: Read): void {
    const { response } = visit
    const { dialect } = endpoint
    const asked = modelRequest(endpoint, bytes, gone)
    if ('problem' in asked) {
      const { problem: message, field } = asked
      turnAway(response, dialect, {
        code: 'invalid_request',
        message,
        ...(field !== undefined && { field }),
      })
      return
    }
    const cancellation = new Cancellation()
    response.on('close', () => {
      if (!response.writableFinished) cancellation.abort()
    })
    const account = sessionAccount(this.#gateway, visit, asked)
    const { traces } = this.#gateway
    const trace = traces === null ? undefined : traceOfModel(traces, visit, asked)
    const arrivedAt = this.#gateway.meter.clock()
    const errand = { ...visit, asked, account, arrivedAt, cancellation, trace }
    const served = serveModel(this.#gateway, errand)
    const ended = () => trace?.ended()
    served.then(ended, error => {
      this.#fault(response, dialect, error, trace)
      ended()
    })
  }

  #fault(response: ServerResponse, dialect: Dialect, error: unknown, trace?: TraceIds): void {
    noteFault(this.#gateway, error, trace)
    if (response.headersSent) response.destroy()
    else fail(response, dialect, 'internal_error', 'an unexpected error in Writ')
  }
}

function fail(response: ServerResponse, dialect: Dialect, code: ProblemCode, message: string) {
  turnAway(response, dialect, { code, message })
}
