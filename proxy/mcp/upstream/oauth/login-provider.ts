import type {
  AuthorizationServerMetadata,
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
} from '@modelcontextprotocol/client'
import type { Authority } from './authority.ts'
import { clientDocument, type OAuthServer, registeredClient } from './oauth-server.ts'

/** What the SDK asks and is told while a person logs in; it lives as long as that one login. */
export class LoginProvider implements OAuthClientProvider {
  readonly redirectUrl: string
  readonly clientMetadata: OAuthClientMetadata
  readonly clientMetadataUrl?: string
  readonly #state: string
  readonly #authority: Authority
  #client: StoredOAuthClientInformation | undefined
  #verifier = ''
  #page: URL | null = null

  constructor(server: OAuthServer, authority: Authority, redirectUrl: string, state: string) {
    this.redirectUrl = redirectUrl
    this.clientMetadata = {
      client_name: 'Writ',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: authMethod(authority.metadata),
    }
    const document = clientDocument(server.auth.clientId)
    if (document !== null) this.clientMetadataUrl = document
    this.#state = state
    this.#authority = authority
    this.#client = registered(server, authority)
  }

  /** Where the person has to go, once the SDK has said so. */
  get page(): URL | null {
    return this.#page
  }

  state(): string {
    return this.#state
  }

  /** Everything was asked before; the SDK asks nobody again. */
  discoveryState(): OAuthDiscoveryState {
    const { issuer, metadata, resource } = this.#authority
    return {
      authorizationServerUrl: issuer,
      authorizationServerMetadata: metadata,
      resourceMetadata: resource,
    }
  }

  clientInformation(): StoredOAuthClientInformation | undefined {
    return this.#client
  }

  saveClientInformation(client: StoredOAuthClientInformation): void {
    this.#client = client
  }

  tokens(): undefined {
    return undefined
  }

  saveTokens(): void {}

  redirectToAuthorization(page: URL): void {
    this.#page = page
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier
  }

  codeVerifier(): string {
    return this.#verifier
  }
}

function registered(
  server: OAuthServer,
  { issuer }: Authority,
): StoredOAuthClientInformation | undefined {
  const id = registeredClient(server)
  if (id === null) return undefined
  const { clientSecret } = server
  return {
    client_id: id,
    ...(clientSecret !== null && { client_secret: clientSecret }),
    issuer,
  }
}

/** A program on somebody's machine keeps no secrets, where that is allowed. */
function authMethod({
  token_endpoint_auth_methods_supported: methods = ['client_secret_basic'],
}: AuthorizationServerMetadata): string {
  const known = ['none', 'client_secret_basic', 'client_secret_post']
  return known.find(method => methods.includes(method)) ?? 'none'
}
