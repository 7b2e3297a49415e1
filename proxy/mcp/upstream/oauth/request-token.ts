import {
  ClientCredentialsProvider,
  computeScopeUnion,
  fetchToken,
  refreshAuthorization,
} from '@modelcontextprotocol/client'
import { ProxyFailure } from '../../../failure.ts'
import { findAuthority } from './authority.ts'
import type { Challenge } from './challenge.ts'
import type { Login } from './login.ts'
import { oauthCode, oauthFailure } from './oauth-failure.ts'
import { type OAuthServer, sameIssuer } from './oauth-server.ts'
import { loginOf, tokensIn } from './token-answer.ts'

/** What became of an attempt to refresh: `ended` says that the refresh token is worth nothing any more. */
export type Refreshed =
  | { readonly kind: 'renewed'; readonly login: Login }
  | { readonly kind: 'ended' }
  | { readonly kind: 'moved' }

/**
 * Trades a refresh token for new tokens, at the authorization server that gave it and at no other: `moved`
 * when the tool server names another one now. Rejects with a ProxyFailure.
 */
export async function refresh(
  server: OAuthServer,
  login: Login,
  refreshToken: string,
  now: () => number,
): Promise<Refreshed> {
  const authority = await findAuthority(server, login.metadataUrl)
  if (!sameIssuer(authority.issuer, login.issuer)) return { kind: 'moved' }
  try {
    const asked = now()
    const tokens = await refreshAuthorization(authority.issuer, {
      metadata: authority.metadata,
      clientInformation: clientInformation(server, login),
      refreshToken,
      resource: login.resource,
      fetchFn: authority.fetch,
    })
    const { expiresAt: _, ...kept } = login
    return { kind: 'renewed', login: { ...kept, ...tokensIn(tokens, asked) } }
  } catch (error) {
    if (oauthCode(error) === 'invalid_grant') return { kind: 'ended' }
    throw oauthFailure(error)
  }
}

function clientInformation({ clientSecret }: OAuthServer, { client }: Login) {
  const { id, method, secret = clientSecret } = client
  return {
    client_id: id,
    redirect_uris: [],
    ...(secret !== null && { client_secret: secret }),
    ...(method !== undefined && { token_endpoint_auth_method: method }),
  }
}

export interface ClientTokenNeeds {
  readonly server: OAuthServer
  /** Asks the server what it wants of somebody without a token. */
  readonly probe: () => Promise<Challenge | null>
  readonly now: () => number
}

/**
 * Asks for a token by the grant `client_credentials`. The secret goes to the authorization server that the
 * policy names, else to the one that it went to first. Rejects with a ProxyFailure.
 */
export async function clientToken(
  { server, probe, now }: ClientTokenNeeds,
  before: Login | null,
  wanted: string | undefined,
): Promise<Login> {
  const { clientId, scopes } = server.auth
  const { clientSecret } = server
  if (clientId === undefined || clientSecret === null) {
    throw new ProxyFailure('unauthorized', 'client_credentials needs a clientId and a secretRef')
  }
  const challenge = before === null ? await probe() : null
  const authority = await findAuthority(server, before?.metadataUrl ?? challenge?.metadataUrl)
  if (before !== null && !sameIssuer(before.issuer, authority.issuer)) throw moved(authority.issuer)
  const { issuer, metadata, resource, fetch } = authority
  const scope =
    scopes?.join(' ') ??
    computeScopeUnion(before?.scope, wanted, challenge?.scope) ??
    resource.scopes_supported?.join(' ')
  const provider = new ClientCredentialsProvider({
    clientId,
    clientSecret,
    clientName: 'Writ',
    expectedIssuer: issuer,
  })
  try {
    const asked = now()
    const tokens = await fetchToken(provider, issuer, {
      metadata,
      resource: resource.resource,
      ...(scope !== undefined && { scope }),
      fetchFn: fetch,
    })
    const client = provider.clientInformation()
    return loginOf(tokens, asked, { server, authority, client, scope: scope ?? null })
  } catch (error) {
    throw oauthFailure(error)
  }
}

function moved(issuer: string): ProxyFailure {
  const { origin } = new URL(issuer)
  return new ProxyFailure(
    'unauthorized',
    `the server names another authorization server than before (${origin}); write it as auth.issuer if that is right`,
  )
}
