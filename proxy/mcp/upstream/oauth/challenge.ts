import { extractWWWAuthenticateParams } from '@modelcontextprotocol/client'

/** Why a tool server turned a request down, and what it asks for. */
export interface Challenge {
  /** 401: no token, or one that is not taken. 403: one that is too weak. */
  readonly status: 401 | 403
  readonly scope?: string
  /** Where the server describes itself; only an address of its own. */
  readonly metadataUrl?: string
}

const mostScopes = 2048

/** What `WWW-Authenticate` says (RFC 6750, RFC 9728), as far as it can be trusted. */
export function challengeOf(status: 401 | 403, header: string, server: URL): Challenge {
  const headers = { 'www-authenticate': header }
  const said = extractWWWAuthenticateParams(new Response(null, { status, headers }))
  const { scope, resourceMetadataUrl: metadata } = said
  return {
    status,
    ...(scope !== undefined && isScope(scope) && { scope }),
    ...(metadata?.origin === server.origin && { metadataUrl: metadata.href }),
  }
}

/** Scopes as RFC 6749 writes them, few enough to be shown to people. */
function isScope(text: string): boolean {
  return text.length <= mostScopes && /^[!#-[\]-~]+( [!#-[\]-~]+)*$/.test(text)
}
