import type { Json } from '../../policy/decide/facts.ts'
import { Cancellation } from './cancellation.ts'
import { answerError, type Exchange, type Firewall, type Handle, handled } from './exchange.ts'
import { fromClient, verdictOn } from './gate.ts'
import { handlers } from './handlers.ts'
import type { Listeners } from './listeners.ts'
import { Outlet } from './outlet.ts'
import { codes, isObject, type JsonObject, type Message, messageOf, textOf } from './rpc.ts'
import { statelessClient } from './stateless-client.ts'
import { envelope, modernVersion } from './upstream/envelope.ts'
import { headerText } from './upstream/header-value.ts'
import { headerOf, sessionHeader, turnDown, type Visitor } from './visitor.ts'

/** Which member of `params` the header Mcp-Name repeats. */
const nameSources: { readonly [method: string]: string } = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
}

/** Whether a request is of the stateless era: it says so in `_meta`, or in the version header. */
export function isModern(version: string | null, body: Json): boolean {
  if (Array.isArray(body)) return version !== null && version >= modernVersion
  const meta = metaOf(body)
  if (meta !== null && Object.hasOwn(meta, envelope.version)) return true
  return version !== null && /^\d{4}-\d\d-\d\d$/.test(version) && version >= modernVersion
}

function metaOf(body: Json): JsonObject | null {
  if (!isObject(body) || !isObject(body.params)) return null
  const { _meta: meta } = body.params
  return isObject(meta) ? meta : null
}

/** POST of clients without sessions: protocol version 2026-07-28. */
export class ModernDoor {
  readonly #firewall: Firewall
  readonly #own: { readonly [method: string]: Handle }

  constructor(firewall: Firewall, listeners: Listeners) {
    this.#firewall = firewall
    this.#own = { ...handlers, 'subscriptions/listen': listeners.listen }
  }

  post(visitor: Visitor, body: Json): void {
    const { response } = visitor
    const message = messageOf(body)
    if (message.kind === 'malformed') {
      const problem = `Invalid request: ${message.problem}`
      turnDown(response, 400, codes.invalidRequest, problem, message.id)
      return
    }
    if (message.kind === 'response') {
      const problem = 'this protocol version has no requests to respond to'
      turnDown(response, 400, codes.invalidRequest, problem)
      return
    }
    const id = message.kind === 'request' ? message.id : null
    const fault = versionFault(visitor, message) ?? headerFault(visitor, message)
    if (fault !== null) {
      turnDown(response, 400, fault.code, fault.message, id, fault.data)
      return
    }
    const verdict = verdictOn(fromClient, message.method, 'modern')
    this.#firewall.meter.request(verdict === 'refuse' ? 'refused' : message.method)
    if (message.kind === 'notification') {
      response.writeHead(202, { 'content-length': 0 }).end()
      return
    }
    if (verdict === 'refuse') {
      turnDown(response, 404, codes.methodNotFound, 'Method not found', id)
      return
    }
    this.#asked(visitor, message)
  }

  #asked({ request, response, caller }: Visitor, message: Message & { kind: 'request' }): void {
    const { id, method, params } = message
    const meta = isObject(params._meta) ? params._meta : {}
    const { [envelope.clientInfo]: clientInfo, [envelope.capabilities]: capabilities } = meta
    const identity = {
      clientInfo: isObject(clientInfo) ? clientInfo : {},
      capabilities: isObject(capabilities) ? capabilities : {},
    }
    const named = sessionHeader(request)
    const account = this.#firewall.accounts.of(caller, this.#firewall.now(), named)
    const client = statelessClient(caller, account, identity)
    const cancellation = new Cancellation()
    const outlet = new Outlet({ response, onGone: () => cancellation.abort() }, 1, false)
    const exchange: Exchange = {
      client,
      id,
      method,
      params,
      headers: request.headers,
      arrivedAt: this.#firewall.meter.clock(),
      cancellation,
      say: json => outlet.say(json),
      reach: outlet,
    }
    const handle = this.#own[method] ?? unknownMethod
    handled(this.#firewall, exchange, handle, answer => outlet.answer(answer))
  }
}

const unknownMethod: Handle = (_firewall, exchange) => ({
  ...answerError(exchange, codes.methodNotFound, 'Method not found'),
  status: 404,
})

interface Fault {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

type Told = Message & { kind: 'request' | 'notification' }

function versionFault({ request }: Visitor, message: Told): Fault | null {
  const header = headerOf(request, 'mcp-protocol-version')
  const meta = isObject(message.params._meta) ? message.params._meta : {}
  const version = textOf(meta, envelope.version)
  if (message.kind === 'request') {
    if (version === null) return missing(envelope.version)
    if (!isObject(meta[envelope.capabilities])) return missing(envelope.capabilities)
  }
  if (header === null) return mismatch('the header MCP-Protocol-Version is missing')
  if (version !== null && header !== version) {
    return mismatch('the header MCP-Protocol-Version disagrees with the body')
  }
  if (header === modernVersion) return null
  const data = { supported: [modernVersion], requested: header }
  return { code: codes.unsupportedVersion, message: 'Unsupported protocol version', data }
}

function headerFault({ request }: Visitor, { kind, method, params }: Told): Fault | null {
  const named = headerOf(request, 'mcp-method')
  if (named === null && kind === 'notification') return null
  if (named === null) return mismatch('the header Mcp-Method is missing')
  if (named !== method) return mismatch('the header Mcp-Method disagrees with the body')
  const source = Object.hasOwn(nameSources, method) ? nameSources[method] : undefined
  const name = source === undefined ? null : textOf(params, source)
  if (name === null) return null
  const header = headerOf(request, 'mcp-name')
  if (header === null) return mismatch('the header Mcp-Name is missing')
  const agrees = headerText(header.trim()) === name
  return agrees ? null : mismatch('the header Mcp-Name disagrees with the body')
}

function missing(key: string): Fault {
  return { code: codes.invalidParams, message: `Invalid params: _meta lacks ${key}` }
}

function mismatch(message: string): Fault {
  return { code: codes.headerMismatch, message }
}
