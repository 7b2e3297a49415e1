import { createHash, timingSafeEqual } from 'node:crypto'
import type { RequestHandler } from 'express'
import { ControllerFailure } from '../failure.ts'
import { answerProblem } from './problem-answer.ts'
import type { Role, Route } from './route.ts'

export type Tokens = { readonly [Name in Role]: string }

/** Throws a ControllerFailure for tokens that could be guessed or that do not tell the roles apart. */
export function checkTokens({ admin, proxy }: Tokens): void {
  if (![admin, proxy].every(token => /^[\x21-\x7e]{16,512}$/.test(token))) {
    throw new ControllerFailure(
      'tokens_unusable',
      'a token is 16 to 512 visible ASCII characters; `openssl rand -hex 32` makes one',
    )
  }
  if (admin === proxy) {
    throw new ControllerFailure('tokens_unusable', 'people and proxies need tokens of their own')
  }
}

/** Lets a request through to a route whose role its bearer token has. */
export function requireRole({ roles }: Route, tokens: Tokens): RequestHandler {
  const hashes = Object.entries(tokens).map(([role, token]) => ({ role, hash: sha256(token) }))
  return (request, response, next) => {
    if (roles === 'everyone') return next()
    const [, token] =
      /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '') ?? []
    const presented = sha256(token ?? '')
    const role = hashes.filter(({ hash }) => timingSafeEqual(hash, presented)).at(0)?.role
    if (token === undefined || role === undefined) {
      response.set('www-authenticate', 'Bearer realm="writ"')
      return answerProblem(response, 401, 'A bearer token of this controller is needed.')
    }
    if (!roles.some(allowed => allowed === role)) {
      return answerProblem(response, 403, `The token of a ${role} does not open this.`)
    }
    next()
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/**
 * Refuses requests that a page in a browser could make under another name for this address (DNS
 * rebinding), and every request of a page from elsewhere.
 */
export function requireHost(allowedHosts: ReadonlySet<string>): RequestHandler {
  return (request, response, next) => {
    const { host = '', origin } = request.headers
    if (!allowedHosts.has(hostname(`http://${host}`))) {
      return answerProblem(response, 421, 'This host name is not served here; see --allowed-host.')
    }
    if (origin !== undefined && !allowedHosts.has(hostname(origin))) {
      return answerProblem(response, 403, 'Pages from elsewhere may not call this API.')
    }
    next()
  }
}

/** The names by which this machine is reached: loopback, the address that is listened on, and those allowed besides. */
export function hostNames(listeningOn: string, allowed: readonly string[]): ReadonlySet<string> {
  const address = listeningOn.includes(':') ? `[${listeningOn}]` : listeningOn
  const names = ['localhost', '127.0.0.1', '[::1]', address, ...allowed]
  const hosts = names.map(name => hostname(`http://${name}`))
  return new Set(hosts.filter(host => !nobody.has(host)))
}

/** What is no name, and the addresses that mean every address. */
const nobody: ReadonlySet<string> = new Set(['', '0.0.0.0', '[::]'])

function hostname(url: string): string {
  return URL.parse(url)?.hostname ?? ''
}
