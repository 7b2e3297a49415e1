import {
  auth,
  computeScopeUnion,
  fetchToken,
  validateAuthorizationResponseIssuer,
} from '@modelcontextprotocol/client'
import { ProxyFailure } from '../../../failure.ts'
import { type Authority, findAuthority } from './authority.ts'
import type { Challenge } from './challenge.ts'
import type { Login, Logins } from './login.ts'
import { LoginProvider } from './login-provider.ts'
import { oauthFailure, safeCode } from './oauth-failure.ts'
import { isFor, type OAuthServer } from './oauth-server.ts'
import { isSafe } from './safe-url.ts'
import { loginOf } from './token-answer.ts'

export interface StartLoginNeeds {
  readonly server: OAuthServer
  readonly logins: Logins
  /** Asks the server what it wants of somebody without a token. */
  readonly probe: () => Promise<Challenge | null>
  /** Where the person comes back to, and what then shows that it is the answer to this login. */
  readonly redirectUrl: string
  readonly state: string
  readonly now: () => number
}

/** A login that waits for a person. */
export interface StartedLogin {
  /** The page to open in a browser. */
  readonly page: URL
  /** Takes what the browser came back with, and keeps the tokens. Rejects with a ProxyFailure. */
  finish(answer: URLSearchParams): Promise<Login>
}

/** Prepares a login by authorization code with PKCE (S256). Rejects with a ProxyFailure. */
export async function startLogin(needs: StartLoginNeeds): Promise<StartedLogin> {
  const { server, redirectUrl, state } = needs
  const challenge = await needs.probe()
  const authority = await findAuthority(server, challenge?.metadataUrl)
  provesKeys(authority)
  const provider = new LoginProvider(server, authority, redirectUrl, state)
  const scope = await scopeOf(needs, challenge)
  try {
    await auth(provider, {
      serverUrl: server.url,
      ...(scope !== undefined && { scope }),
      fetchFn: authority.fetch,
      forceReauthorization: true,
    })
  } catch (error) {
    throw oauthFailure(error)
  }
  const { page } = provider
  if (page === null || !isSafe(page, server.url)) {
    throw new ProxyFailure('unauthorized', 'the page to log in at is not safe: it must be https')
  }
  return { page, finish: answer => finish(needs, provider, authority, page, answer) }
}

/** Without a proof key whoever sees the code could use it. */
function provesKeys({ metadata }: Authority): void {
  if (metadata.code_challenge_methods_supported?.includes('S256')) return
  throw new ProxyFailure('unauthorized', 'the authorization server does not say that it knows PKCE')
}

/** What the policy says, else what the server asks for now, with what was granted before when it asked for more. */
async function scopeOf(
  { server, logins }: StartLoginNeeds,
  challenge: Challenge | null,
): Promise<string | undefined> {
  const { scopes } = server.auth
  if (scopes !== undefined) return scopes.join(' ')
  const before = await logins.read(server.namespace, server.name)
  if (before?.wanted === undefined || !isFor(before, server)) return challenge?.scope
  return computeScopeUnion(before.scope, before.wanted, challenge?.scope)
}

async function finish(
  { server, logins, now }: StartLoginNeeds,
  provider: LoginProvider,
  authority: Authority,
  page: URL,
  answer: URLSearchParams,
): Promise<Login> {
  const { issuer, metadata, resource, fetch } = authority
  const code = codeIn(answer, authority)
  const iss = answer.get('iss') ?? undefined
  try {
    const asked = now()
    const tokens = await fetchToken(provider, issuer, {
      metadata,
      resource: resource.resource,
      authorizationCode: code,
      ...(iss !== undefined && { iss }),
      fetchFn: fetch,
    })
    const login = loginOf(tokens, asked, {
      server,
      authority,
      client: provider.clientInformation(),
      scope: page.searchParams.get('scope'),
    })
    await logins.write(server.namespace, server.name, login)
    return login
  } catch (error) {
    throw oauthFailure(error)
  }
}

/** Nothing of an answer counts before it is known to come from the server that was asked (RFC 9207). */
function codeIn(answer: URLSearchParams, { issuer, metadata }: Authority): string {
  try {
    validateAuthorizationResponseIssuer({
      iss: answer.get('iss') ?? undefined,
      expectedIssuer: issuer,
      issParameterSupported: metadata.authorization_response_iss_parameter_supported === true,
    })
  } catch (error) {
    throw oauthFailure(error)
  }
  const code = answer.get('code')
  if (code !== null) return code
  const error = safeCode(answer.get('error') ?? '')
  throw new ProxyFailure('unauthorized', `the authorization server answered ${error}`)
}
