import type { TableServer } from '../../../../schemas/rule-table.ts'
import type { ToolServerSpec } from '../../../../schemas/tool-server.ts'
import { ProxyFailure } from '../../../failure.ts'
import type { Secrets } from '../../needs.ts'
import { credentialOf } from '../credential.ts'
import { lowerCased } from '../http-target.ts'
import { filledInUrl } from '../variables.ts'
import type { Login } from './login.ts'
import { isSafe } from './safe-url.ts'

/** A tool server that wants OAuth. */
export interface OAuthServer {
  readonly namespace: string
  readonly name: string
  /** Its address, with variables filled in. */
  readonly url: URL
  readonly transport: 'streamable-http' | 'sse'
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>
  readonly auth: NonNullable<ToolServerSpec['auth']>
  /** The secret of the client, where one was registered by hand. */
  readonly clientSecret: string | null
}

/** A ToolServer with what it refers to. Rejects with a ProxyFailure when that is missing or nothing secret may be sent there. */
export async function oauthServer(
  namespace: string,
  { name, spec }: Pick<TableServer, 'name' | 'spec'>,
  secrets: Secrets,
): Promise<OAuthServer> {
  const { url = '', transport, headers, auth = { type: 'oauth' } } = spec
  const variable = (key: string) => secrets(namespace, { name: 'env', key })
  const address = new URL(await filledInUrl(url, variable))
  if (!isSafe(address, address)) {
    throw new ProxyFailure('unauthorized', 'its address must begin with https:// for OAuth')
  }
  const clientSecret = await credentialOf(namespace, auth, secrets)
  if (clientSecret !== null && auth.clientId === undefined) {
    throw new ProxyFailure('unauthorized', 'auth has the secret of a client and no clientId')
  }
  return {
    namespace,
    name,
    url: address,
    transport: transport === 'sse' ? 'sse' : 'streamable-http',
    headers: lowerCased(headers),
    auth,
    clientSecret,
  }
}

/** Whether a person logs in; otherwise Writ acts for itself. */
export function needsPerson({ auth }: Pick<OAuthServer, 'auth'>): boolean {
  return auth.grant !== 'client_credentials'
}

/** A client that was registered by hand; null when Writ introduces itself. */
export function registeredClient({ auth }: Pick<OAuthServer, 'auth'>): string | null {
  const { clientId } = auth
  return clientId === undefined || clientDocument(clientId) !== null ? null : clientId
}

/** The client ID metadata document that is the client's id; null when the id is a plain one. */
export function clientDocument(clientId: string | undefined): string | null {
  const url = clientId?.startsWith('https://') === true ? URL.parse(clientId) : null
  return url !== null && url.pathname !== '/' ? url.href : null
}

/** Whether a login is one at this server as it is written now. */
export function isFor(login: Login, server: Pick<OAuthServer, 'url' | 'auth'>): boolean {
  const { auth, url } = server
  const client = registeredClient(server)
  return (
    login.server === url.href &&
    (auth.issuer === undefined || sameIssuer(auth.issuer, login.issuer)) &&
    (client === null || client === login.client.id)
  )
}

/** An issuer is compared as it is written; only the slash that URLs without a path may end with is left out. */
export function sameIssuer(a: string, b: string): boolean {
  return a.replace(/\/$/, '') === b.replace(/\/$/, '')
}

/** What a person types to log in. */
export function loginCommand({ namespace, name }: OAuthServer): string {
  return `writ servers login ${name}${namespace === 'default' ? '' : ` --namespace ${namespace}`}`
}
