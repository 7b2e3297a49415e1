import { SecretsFailure } from '../failure.ts'
import { isPathSegment } from '../path-segment.ts'
import type { Secrets } from '../secrets.ts'
import type { SecretAnswer, SecretApi } from './secret-api.ts'

export interface KubernetesSecretsNeeds {
  readonly api: SecretApi
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** What a Secret holds, base64, or null when there is none. */
type Data = Readonly<Record<string, unknown>> | null

interface Known {
  readonly data: Data
  readonly at: number
}

/** How old a value may be that is given out without asking, and while the API server does not answer. */
const freshMs = 30_000
const staleMs = 10 * 60_000
const mostKnown = 1000
const mostBytes = 65_536

/**
 * Secrets of Kubernetes: `{ name, key }` of a namespace is the key KEY of the Secret NAME there. Each is asked for by its
 * name, never listed; one question for each at a time. What the API server refuses is refused at once.
 */
export function kubernetesSecrets({ api, now }: KubernetesSecretsNeeds): Secrets {
  const known = new Map<string, Known>()
  const asking = new Map<string, Promise<Data>>()

  const ask = async (namespace: string, name: string, place: string): Promise<Data> => {
    const before = known.get(place)
    try {
      const data = dataOf(await api.get(namespace, name), namespace, name)
      remember(known, place, { data, at: now() })
      return data
    } catch (error) {
      const away = error instanceof SecretsFailure && error.code === 'kubernetes_unreachable'
      if (away && before !== undefined && now() - before.at < staleMs) return before.data
      if (!away) known.delete(place)
      throw error
    }
  }
  return async (namespace, { name, key }) => {
    if (![namespace, name, key].every(isPathSegment)) return null
    const place = `${namespace}/${name}`
    const fresh = known.get(place)
    if (fresh !== undefined && now() - fresh.at < freshMs) return valueAt(fresh.data, key, place)
    const asked =
      asking.get(place) ?? ask(namespace, name, place).finally(() => asking.delete(place))
    asking.set(place, asked)
    return valueAt(await asked, key, place)
  }
}

/** Tokens of service accounts let into the API server; no policy needs one, and whoever writes one could ask for it. */
const neverGiven = 'kubernetes.io/service-account-token'

function dataOf({ status, body }: SecretAnswer, namespace: string, name: string): Data {
  if (status === 404) return null
  const place = `Secret ${name} in namespace ${namespace}`
  if (status === 403) {
    const rule = `a Role there with apiGroups [""], resources ["secrets"], resourceNames ["${name}"], verbs ["get"]`
    throw refused(`this service account may not get the ${place}: bind it to ${rule}`)
  }
  if (status === 401) throw refused('the API server does not know this service account')
  if (status !== 200) {
    const code = status >= 500 || status === 429 ? 'kubernetes_unreachable' : 'kubernetes_refused'
    throw new SecretsFailure(code, `the API server answered ${status} for the ${place}`)
  }
  const { type, data = {} } = Object(body)
  if (type === neverGiven) throw refused(`the ${place} is the token of a service account`)
  return Object(data)
}

function valueAt(data: Data, key: string, place: string): string | null {
  const value = data !== null && Object.hasOwn(data, key) ? data[key] : null
  if (value === null) return null
  const bytes = Buffer.from(String(value), 'base64')
  if (bytes.length > mostBytes) {
    throw unusable(`the key ${key} of ${place} is longer than ${mostBytes} bytes`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw unusable(`the key ${key} of ${place} is not UTF-8`)
  }
}

function remember(known: Map<string, Known>, place: string, entry: Known): void {
  known.delete(place)
  known.set(place, entry)
  const [oldest] = known.keys()
  if (known.size > mostKnown && oldest !== undefined) known.delete(oldest)
}

function refused(message: string): SecretsFailure {
  return new SecretsFailure('kubernetes_refused', message)
}

function unusable(message: string): SecretsFailure {
  return new SecretsFailure('value_unusable', message)
}
