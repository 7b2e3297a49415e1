import { isObject, type JsonObject } from '../../rpc.ts'

/** What a login at a tool server gave, as it is kept. Times in ms since 1970, scopes as OAuth writes them. */
export interface Login {
  /** Address of the tool server that the tokens are for; they are sent nowhere else. */
  readonly server: string
  /** The authorization server that gave them; what it gave is not shown to another one. */
  readonly issuer: string
  /** The resource (RFC 8707) that they were asked for. */
  readonly resource: string
  /** Where the tool server described itself (RFC 9728), when that was not the usual place. */
  readonly metadataUrl?: string
  readonly client: LoginClient
  readonly accessToken: string
  readonly refreshToken?: string
  readonly expiresAt?: number
  /** What was asked for, and what was granted. */
  readonly scope?: string
  /** What the tool server has asked for since. */
  readonly wanted?: string
}

/** Who Writ is at the authorization server. */
interface LoginClient {
  readonly id: string
  /** Only of a client that was registered for this login; another one's is a secret of its own. */
  readonly secret?: string
  /** How the client proves itself, where the authorization server said so. */
  readonly method?: string
}

/** Where logins are kept. */
export interface Logins {
  /** Null when there is none that can be read. */
  read(namespace: string, server: string): Promise<Login | null>
  write(namespace: string, server: string, login: Login): Promise<void>
  remove(namespace: string, server: string): Promise<void>
}

/** Text becomes a login here and nowhere else; null when it is none. */
export function parseLogin(text: string): Login | null {
  try {
    const value = JSON.parse(text)
    return isObject(value) && isLogin(value) ? value : null
  } catch {
    return null
  }
}

const needed = ['server', 'issuer', 'resource', 'accessToken']
const possible = ['metadataUrl', 'refreshToken', 'scope', 'wanted']

function isLogin(value: JsonObject): value is JsonObject & Login {
  return (
    hasTexts(value, needed, possible) &&
    isObject(value.client) &&
    hasTexts(value.client, ['id'], ['secret', 'method']) &&
    (value.expiresAt === undefined || typeof value.expiresAt === 'number')
  )
}

function hasTexts(
  value: JsonObject,
  needed: readonly string[],
  possible: readonly string[],
): boolean {
  const isText = (name: string) => typeof value[name] === 'string'
  return needed.every(isText) && possible.every(name => value[name] === undefined || isText(name))
}
