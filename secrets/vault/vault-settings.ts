import { SecretsFailure } from '../failure.ts'
import { isPathSegment } from '../path-segment.ts'

/** Where a Vault or OpenBao keeps secrets, and how one gets in. */
export interface VaultSettings {
  readonly origin: string
  /** Mount of the KV engine, version 2. */
  readonly mount: string
  /** Steps between the mount and the namespace of a secret. */
  readonly prefix: readonly string[]
  readonly login: VaultLogin
  /** Namespace in Vault or OpenBao, which has nothing to do with those of policies. */
  readonly namespace?: string
  /** PEM file with the authorities to believe besides nobody; those of the system when omitted. */
  readonly caFile?: string
  /** How old a value may be that is given out without asking, ms. */
  readonly freshMs: number
}

/** How a token is had. */
export type VaultLogin =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'kubernetes'
      readonly mount: string
      readonly role: string
      readonly jwtFile: string
    }

type Env = Readonly<Record<string, string | undefined>>

/** The settings of `vault:URL` and of the `WRIT_VAULT_…` variables. Throws `setting_unusable`. */
export function vaultSettings(address: string, env: Env): VaultSettings {
  const { WRIT_VAULT_NAMESPACE: namespace, WRIT_VAULT_CA_FILE: caFile } = env
  if (namespace && !/^[\w.-]+(\/[\w.-]+)*\/?$/.test(namespace)) {
    throw unusable('WRIT_VAULT_NAMESPACE is no path of names')
  }
  return {
    ...placeOf(address),
    login: loginOf(env),
    freshMs: freshOf(env.WRIT_VAULT_CACHE),
    ...(namespace && { namespace }),
    ...(caFile && { caFile }),
  }
}

function placeOf(address: string): Pick<VaultSettings, 'origin' | 'mount' | 'prefix'> {
  const url = URL.parse(address)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw unusable(`${JSON.stringify(address)} is no address: write vault:https://HOST:8200/MOUNT`)
  }
  if (url.username || url.password || url.search || url.hash) {
    throw unusable('the address of the vault carries more than a host and a path')
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw unusable(`${url.origin} would send secrets in the clear: use https`)
  }
  const [mount = 'secret', ...prefix] = url.pathname.split('/').filter(Boolean)
  if (![mount, ...prefix].every(isPathSegment)) {
    throw unusable('the path of the vault has letters, digits, ., _ and - only')
  }
  return { origin: url.origin, mount, prefix }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname)
}

const defaultJwt = '/var/run/secrets/kubernetes.io/serviceaccount/token'

function loginOf(env: Env): VaultLogin {
  const { WRIT_VAULT_TOKEN: token, WRIT_VAULT_TOKEN_FILE: path, WRIT_VAULT_ROLE: role } = env
  if ([token, path, role].filter(Boolean).length !== 1) {
    throw unusable('say one of WRIT_VAULT_TOKEN, WRIT_VAULT_TOKEN_FILE, WRIT_VAULT_ROLE')
  }
  if (token) return { kind: 'token', token: checkedToken(token) }
  if (path) return { kind: 'file', path }
  const { WRIT_VAULT_AUTH_MOUNT: mount = 'kubernetes', WRIT_VAULT_JWT_FILE: jwtFile = defaultJwt } =
    env
  if (!isPathSegment(mount)) throw unusable('WRIT_VAULT_AUTH_MOUNT is no name of a mount')
  return { kind: 'kubernetes', mount, role: role ?? '', jwtFile }
}

/** A token as a header may carry it. Throws `setting_unusable`, without quoting it. */
export function checkedToken(text: string): string {
  const token = text.trim()
  if (/^[\x21-\x7e]{1,4096}$/.test(token)) return token
  throw unusable('the token for the vault is none')
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000 }
const longestMs = 60 * 60_000

function freshOf(text = '1m'): number {
  const [, count = '', unit = ''] = /^(\d{1,4})([sm])$/.exec(text) ?? []
  const ms = Number(count) * (units[unit] ?? Number.NaN)
  if (ms <= longestMs) return ms
  throw unusable('WRIT_VAULT_CACHE is a time up to 60m, such as 30s or 5m')
}

function unusable(message: string): SecretsFailure {
  return new SecretsFailure('setting_unusable', message)
}
