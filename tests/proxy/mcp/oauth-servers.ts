import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { smallServer, tool } from './small-server.ts'
import type { Test } from './world.ts'

interface Asked {
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  readonly authorization: string | undefined
}

/** An authorization server that agrees to everything, until a test says otherwise. */
export interface AuthorizationServer {
  readonly url: string
  /** Requests to `/authorize`, `/token` and `/register`, in order. */
  readonly asked: Asked[]
  /** Scope by access token, of those that are taken. */
  readonly valid: Map<string, string>
  /** Members of the metadata that differ from the usual ones. */
  metadata: object
  /** Seconds after which tokens run out. */
  expiresIn: number
  /** What the token endpoint answers instead of tokens. */
  onToken: (params: Asked['params']) => [status: number, answer: object] | null
  /** What the browser brings back besides the usual. */
  onAuthorize: Readonly<Record<string, string | null>>
  /** How often tokens were asked for by this grant. */
  count(grant: string): number
}

/** Makes one; the secrets it gives out all hold the word `hush`. */
export async function authorizationServer(t: Test): Promise<AuthorizationServer> {
  let given = 0
  const url = await listen(t, async (asking, response) => {
    const { pathname, searchParams } = new URL(asking.url ?? '', 'http://localhost')
    const body = asking.method === 'POST' ? await text(asking) : ''
    if (pathname === '/.well-known/oauth-authorization-server') {
      return json(response, 200, metadataOf(server))
    }
    const json_ = asking.headers['content-type'] === 'application/json'
    const params = json_ ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body))
    const all = { ...Object.fromEntries(searchParams), ...params }
    const { authorization } = asking.headers
    server.asked.push({ path: pathname, params: all, authorization })
    if (pathname === '/register') {
      return json(response, 201, { ...params, client_id: `client-${++given}` })
    }
    if (pathname === '/authorize') return back(server, response, all)
    if (pathname !== '/token') return json(response, 404, {})
    const [status, answer] = server.onToken(all) ?? [200, tokens(server, all, ++given)]
    json(response, status, answer)
  })
  const server: AuthorizationServer = {
    url,
    asked: [],
    valid: new Map(),
    metadata: {},
    expiresIn: 3600,
    onToken: () => null,
    onAuthorize: {},
    count: grant => server.asked.filter(({ params }) => params.grant_type === grant).length,
  }
  return server
}

/** What an authorization server says of itself. */
export function metadataOf({ url, metadata }: AuthorizationServer): object {
  return {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    registration_endpoint: `${url}/register`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic'],
    ...metadata,
  }
}

function back(
  server: AuthorizationServer,
  response: ServerResponse,
  { redirect_uri = '', state = '' }: Asked['params'],
): void {
  const target = new URL(redirect_uri)
  const brought = { code: 'code-hush', state, iss: server.url, ...server.onAuthorize }
  for (const [name, value] of Object.entries(brought)) {
    if (value !== null) target.searchParams.set(name, value)
  }
  response.writeHead(302, { location: target.href }).end()
}

function tokens(server: AuthorizationServer, { scope = '' }: Asked['params'], n: number): object {
  const token = `access-hush-${n}`
  const asked = server.asked.findLast(({ path }) => path === '/authorize')?.params.scope
  server.valid.set(token, scope === '' ? (asked ?? '') : scope)
  return {
    access_token: token,
    refresh_token: `refresh-hush-${n}`,
    token_type: 'Bearer',
    expires_in: server.expiresIn,
  }
}

/** A tool server that asks for tokens. */
export interface GuardedServer {
  readonly url: string
  /** The header of every request to the endpoint. */
  readonly presented: (string | undefined)[]
  /** Calls that were carried out. */
  readonly calls: () => number
  /** The authorization servers it names. */
  authorities: readonly string[]
  /** Scope that calls of tools need. */
  needs: string
  /** What it says of itself instead of the usual. */
  resource: object
  /** Takes requests before anything else happens. */
  first: (asking: IncomingMessage, response: ServerResponse) => boolean
}

/** Makes one in front of a small server with one tool, `read`. */
export async function guardedServer(
  t: Test,
  authority: AuthorizationServer,
): Promise<GuardedServer> {
  const inner = await smallServer(t, tool('read'))
  const url = await listen(t, async (asking, response) => {
    if (server.first(asking, response)) return
    if (asking.url?.startsWith('/.well-known/oauth-protected-resource/mcp')) {
      const said = { resource: server.url, authorization_servers: server.authorities }
      return json(response, 200, { ...said, ...server.resource })
    }
    if (asking.url !== '/mcp') return json(response, 404, {})
    const { authorization } = asking.headers
    server.presented.push(authorization)
    const scope = authority.valid.get(authorization?.replace('Bearer ', '') ?? '')
    const body = await text(asking)
    if (scope === undefined) return challenge(response, 401, '')
    const isCall = body.includes('"tools/call"') && server.needs !== ''
    if (isCall && !scope.split(' ').includes(server.needs)) {
      return challenge(response, 403, `, error="insufficient_scope", scope="${server.needs}"`)
    }
    passOn(inner.url, asking, body, response)
  })
  const server: GuardedServer = {
    url: `${url}/mcp`,
    presented: [],
    calls: () => inner.heard.filter(({ method }) => method === 'tools/call').length,
    authorities: [authority.url],
    needs: '',
    resource: {},
    first: () => false,
  }
  return server
}

function challenge(response: ServerResponse, status: number, more: string): void {
  response.writeHead(status, { 'www-authenticate': `Bearer realm="test"${more}` }).end('{}')
}

function passOn(
  url: string,
  { method, headers }: IncomingMessage,
  body: string,
  response: ServerResponse,
): void {
  const { authorization: _, host: __, ...kept } = headers
  const inner = request(url, { method, headers: kept }, answer => {
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    answer.pipe(response)
  })
  inner.end(body)
}

type Handler = (asking: IncomingMessage, response: ServerResponse) => Promise<void> | void

/** Listens on a free port of this machine. */
export async function listen(t: Test, handler: Handler): Promise<string> {
  const http = createServer((asking, response) => void handler(asking, response))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.teardown(() => {
    http.close()
    http.closeAllConnections()
  })
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

/** Answers with JSON. */
export function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
