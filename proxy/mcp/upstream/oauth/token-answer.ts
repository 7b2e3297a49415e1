import {
  computeScopeUnion,
  type OAuthClientInformationMixed,
  type OAuthTokens,
} from '@modelcontextprotocol/client'
import { ProxyFailure } from '../../../failure.ts'
import type { Authority } from './authority.ts'
import type { Login } from './login.ts'
import { type OAuthServer, registeredClient } from './oauth-server.ts'

/** Under what circumstances tokens were given. */
interface Circumstances {
  readonly server: OAuthServer
  readonly authority: Authority
  readonly client: OAuthClientInformationMixed | undefined
  /** What was asked for. */
  readonly scope: string | null
}

/** What an authorization server answered as a login to keep. Throws a ProxyFailure when it is of no use. */
export function loginOf(
  tokens: OAuthTokens,
  askedAt: number,
  { server, authority, client, scope }: Circumstances,
): Login {
  const { metadataUrl } = authority
  const known = computeScopeUnion(scope ?? undefined, tokens.scope)
  return {
    server: server.url.href,
    issuer: authority.issuer,
    resource: authority.resource.resource,
    ...(metadataUrl !== undefined && { metadataUrl }),
    client: clientOf(server, client),
    ...tokensIn(tokens, askedAt),
    ...(known !== undefined && { scope: known }),
  }
}

type Tokens = Pick<Login, 'accessToken' | 'refreshToken' | 'expiresAt'>

/** The tokens of an answer; `askedAt` is when the request for it was sent. */
export function tokensIn(tokens: OAuthTokens, askedAt: number): Tokens {
  const { access_token: accessToken, refresh_token, expires_in, token_type } = tokens
  if (token_type.toLowerCase() !== 'bearer' || !/^[!-~]{1,65536}$/.test(accessToken)) {
    throw new ProxyFailure('unauthorized', 'the authorization server gave no bearer token')
  }
  return {
    accessToken,
    ...(refresh_token !== undefined && { refreshToken: refresh_token }),
    ...(expires_in !== undefined && { expiresAt: askedAt + expires_in * 1000 }),
  }
}

/** The secret of a client that was registered by hand is not kept a second time. */
function clientOf(
  server: OAuthServer,
  client: OAuthClientInformationMixed | undefined,
): Login['client'] {
  if (client === undefined) throw new TypeError('tokens were given to no client')
  const { client_id: id, client_secret: secret } = client
  if (registeredClient(server) !== null) return { id }
  const method =
    'token_endpoint_auth_method' in client ? client.token_endpoint_auth_method : undefined
  return {
    id,
    ...(secret !== undefined && { secret }),
    ...(method !== undefined && { method }),
  }
}
