import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Request, RequestHandler, Response } from 'express'
import type { Surface } from '../../schemas/approval.ts'
import { rolePermissions } from '../accounts/role-permissions.ts'
import { csrfTokenOf } from '../accounts/sessions.ts'
import type { Actor } from '../approvals/approvals.ts'
import { cookieIn } from './accounts/cookie.ts'
import { remoteKey } from './attempt-limit.ts'
import type { Attempts } from './attempts.ts'
import { type Authenticate, type Authenticated, bearerToken } from './authenticate.ts'
import { type Caller, identityOf } from './caller.ts'
import { answerProblem } from './problem-answer.ts'
import { requestId } from './request-id.ts'
import type { Route } from './route.ts'
import { whileItHolds } from './while-it-holds.ts'

export interface AdmitNeeds {
  readonly authenticate: Authenticate
  readonly attempts: Attempts
  /** How often it is looked whether whoever reads a stream may still do so, ms; 10 s when omitted. */
  readonly lookAgainMs?: number
}

/** Lets a request through to a route that its bearer token opens; the handler finds the caller in `locals`. */
export function admit(route: Route, needs: AdmitNeeds): RequestHandler {
  const { authenticate, attempts, lookAgainMs } = needs
  const refused = async (request: Request, response: Response, caller: Caller, known: boolean) => {
    const wait = known ? await attempts.failed(attempt(route, request, caller)) : 0
    refuse(response, caller, wait)
  }
  return async (request, response, next) => {
    if (route.roles === 'everyone') return next()
    const { token, cookie } = shownBy(request.headers)
    if (isForged(request, cookie)) return answerProblem(response, 403, forged, 'csrf_token_missing')
    const from = remoteKey(request.socket.remoteAddress)
    const { caller, holds } = token === null ? stranger : await authenticate(token, from)
    if (!opens(route, caller)) return refused(request, response, caller, token !== null)
    Object.assign(response.locals, { caller, cookie })
    if (holds !== undefined) whileItHolds(response, holds, lookAgainMs)
    next()
  }
}

function opens({ roles, permission }: Route, caller: Caller): boolean {
  if (roles === 'everyone' || roles.some(allowed => allowed === caller.role)) return true
  if (caller.role !== 'account' || permission === undefined) return false
  return rolePermissions[caller.account.role].has(permission)
}

/** What a request shows of who sends it; a cookie only counts where there is no bearer token. */
export function shownBy({ authorization, cookie }: IncomingHttpHeaders): {
  readonly token: string | null
  readonly cookie: string | null
} {
  if (authorization !== undefined) return { token: bearerToken(authorization), cookie: null }
  const secret = cookieIn(cookie)
  return { token: secret, cookie: secret }
}

const forged =
  'What a page changes needs the header x-csrf-token; GET /api/v1/auth/session says its value.'

/** Whether a request that changes something may have been made by a page that cannot read what this one can. */
function isForged({ method, headers }: Request, cookie: string | null): boolean {
  if (cookie === null || method === 'GET' || method === 'HEAD') return false
  const shown = Buffer.from(String(headers['x-csrf-token'] ?? ''))
  const expected = Buffer.from(csrfTokenOf(cookie))
  return shown.length !== expected.length || !timingSafeEqual(shown, expected)
}

/** The secret of the cookie by which `admit` let the caller through, or null. */
export function cookieOf({ locals }: Response): string | null {
  return (locals.cookie as string | null | undefined) ?? null
}

const stranger: Pick<Authenticated, 'caller' | 'holds'> = { caller: { role: 'nobody' } }

/** The caller that `admit` let through. */
export function admitted({ locals }: Response): Caller {
  return (locals.caller as Caller | undefined) ?? { role: 'nobody' }
}

function attempt(route: Route, request: Request, caller: Caller) {
  const from = remoteKey(request.socket.remoteAddress)
  if (route.attempt === undefined) return { from }
  return {
    from,
    record: {
      request: requestId(request.params.id),
      detail: `${route.attempt}: ${identityOf(caller)}`,
      actor: nobody(caller, 'rest', from),
    },
  }
}

/** A caller who is no person, for the record. */
export function nobody(caller: Caller, surface: Surface, address: string): Actor {
  return { user: '', surface, identity: identityOf(caller), evidence: { address } }
}

function refuse(response: Response, caller: Caller, wait: number): void {
  if (wait > 0) answerTooMany(response, wait)
  else if (caller.role === 'nobody') {
    response.set('www-authenticate', 'Bearer realm="writ"')
    answerProblem(response, 401, 'A bearer token of this controller is needed.')
  } else answerProblem(response, 403, `${holders[caller.role]} does not open this.`)
}

const holders = {
  proxy: 'The token of a proxy',
  agent: 'The key of an agent',
  admin: 'The token of an admin',
  person: 'The key of a person',
  account: 'The role of this account',
} as const

/** Says how many seconds to wait. */
export function answerTooMany(response: Response, wait: number): void {
  response.set('retry-after', `${wait}`)
  answerProblem(response, 429, `Too many attempts; try again in ${wait} seconds.`, 'too_many')
}

/**
 * Refuses requests that a page in a browser could make under another name for this address (DNS
 * rebinding), and every request of a page from elsewhere.
 */
export function requireHost(allowedHosts: ReadonlySet<string>): RequestHandler {
  return ({ headers }, response, next) => {
    const stranger = strangerIn(headers, allowedHosts)
    if (stranger === null) next()
    else answerProblem(response, stranger.status, stranger.detail)
  }
}

/** Why a request with these headers is not answered, or null when it is. */
export function strangerIn(
  headers: IncomingHttpHeaders,
  allowedHosts: ReadonlySet<string>,
): { readonly status: number; readonly detail: string } | null {
  const { host = '', origin } = headers
  if (!allowedHosts.has(hostname(`http://${host}`))) {
    return { status: 421, detail: 'This host name is not served here; see --allowed-host.' }
  }
  if (origin === undefined || allowedHosts.has(hostname(origin))) return null
  // A form of a page that sends no referrer has no origin either; browsers say by another header where it is from.
  if (origin === 'null' && headers['sec-fetch-site'] === 'same-origin') return null
  return { status: 403, detail: 'Pages from elsewhere may not call this API.' }
}

/** The names by which this machine is reached: loopback, the address that is listened on, and those allowed besides. */
export function hostNames(listeningOn: string, allowed: readonly string[]): ReadonlySet<string> {
  const address = listeningOn.includes(':') ? `[${listeningOn}]` : listeningOn
  const names = ['localhost', '127.0.0.1', '[::1]', address, ...allowed]
  const hosts = names.map(name => hostname(`http://${name}`))
  return new Set(hosts.filter(host => !unspecified.has(host)))
}

/** What is no name, and the addresses that mean every address. */
const unspecified: ReadonlySet<string> = new Set(['', '0.0.0.0', '[::]'])

function hostname(url: string): string {
  return URL.parse(url)?.hostname ?? ''
}
