import {
  type AuthorizationServerMetadata,
  checkResourceAllowed,
  discoverAuthorizationServerMetadata,
  discoverOAuthProtectedResourceMetadata,
  type FetchLike,
  type OAuthProtectedResourceMetadata,
  resourceUrlFromServerUrl,
} from '@modelcontextprotocol/client'
import { ProxyFailure } from '../../../failure.ts'
import { boundedFetch } from './bounded-fetch.ts'
import { oauthFailure } from './oauth-failure.ts'
import { type OAuthServer, sameIssuer } from './oauth-server.ts'

/** The authorization server of a tool server, as both describe themselves. */
export interface Authority {
  readonly issuer: string
  readonly metadata: AuthorizationServerMetadata
  /** What the tool server says of itself; its `resource` is what tokens are asked for. */
  readonly resource: OAuthProtectedResourceMetadata
  /** Where it said so, when that was not the usual place. */
  readonly metadataUrl?: string
  /** Reaches the endpoints that the metadata names, and nothing else. */
  readonly fetch: FetchLike
}

/** Asks the tool server and then the authorization server that it names. Rejects with a ProxyFailure. */
export async function findAuthority(
  server: OAuthServer,
  metadataUrl: string | undefined,
): Promise<Authority> {
  const resource = await resourceOf(server, metadataUrl)
  const named = namedBy(resource, server)
  const metadata = await metadataOf(named, server)
  return {
    issuer: metadata.issuer,
    metadata,
    resource,
    ...(metadataUrl !== undefined && { metadataUrl }),
    fetch: boundedFetch(server.url, endpointsOf(metadata)),
  }
}

/** A server of an older protocol version says nothing of itself; then it is its own authorization server. */
async function resourceOf(
  { url }: OAuthServer,
  metadataUrl: string | undefined,
): Promise<OAuthProtectedResourceMetadata> {
  const usual = { resource: url.origin + url.pathname }
  const where = metadataUrl === undefined ? {} : { resourceMetadataUrl: metadataUrl }
  const fetch = boundedFetch(url, new Set([url.origin]))
  const found = await discoverOAuthProtectedResourceMetadata(url, where, fetch).catch(error => {
    if (error instanceof ProxyFailure) throw error
    return usual
  })
  const { resource } = found
  if (!URL.canParse(resource) || !allows(url, resource)) {
    throw new ProxyFailure('unauthorized', 'the server says that it is another server')
  }
  return found
}

function allows(server: URL, resource: string): boolean {
  const requestedResource = resourceUrlFromServerUrl(server)
  return checkResourceAllowed({ requestedResource, configuredResource: resource })
}

/** Its first authorization server, or the one that the policy demands. */
function namedBy(
  { authorization_servers: named = [] }: OAuthProtectedResourceMetadata,
  { url, auth }: OAuthServer,
): URL | string {
  const possible = named.length === 0 ? [new URL('/', url).href] : named
  const { issuer } = auth
  const chosen =
    issuer === undefined ? possible[0] : possible.find(each => sameIssuer(each, issuer))
  if (chosen !== undefined && URL.canParse(chosen)) return chosen
  throw new ProxyFailure(
    'unauthorized',
    'the server names another authorization server than auth.issuer',
  )
}

async function metadataOf(
  named: URL | string,
  server: OAuthServer,
): Promise<AuthorizationServerMetadata> {
  const fetchFn = boundedFetch(server.url, new Set([new URL(named).origin]))
  const metadata = await discoverAuthorizationServerMetadata(named, { fetchFn }).catch(error => {
    throw oauthFailure(error)
  })
  if (metadata !== undefined) return metadata
  const { origin } = new URL(named)
  throw new ProxyFailure('unauthorized', `${origin} does not describe an authorization server`)
}

function endpointsOf(metadata: AuthorizationServerMetadata): ReadonlySet<string> {
  const { token_endpoint: token, registration_endpoint: registration } = metadata
  const urls = [token, registration].flatMap(text => (text === undefined ? [] : [URL.parse(text)]))
  return new Set(urls.flatMap(url => (url === null ? [] : [url.origin])))
}
