import { SecretsFailure } from '../failure.ts'
import { isPathSegment } from '../path-segment.ts'
import type { Secrets } from '../secrets.ts'
import type { VaultApi } from './vault-api.ts'
import { failed, type VaultSession } from './vault-session.ts'
import type { VaultSettings } from './vault-settings.ts'

export interface VaultSecretsNeeds {
  readonly api: VaultApi
  readonly session: Pick<VaultSession, 'token' | 'refused'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** What is at a path: its fields, or null when there is nothing. */
type Fields = Readonly<Record<string, unknown>> | null

interface Known {
  readonly fields: Fields
  readonly at: number
}

/** How old a value may be while the vault does not answer. */
const staleMs = 10 * 60_000
const mostKnown = 1000

/**
 * Secrets of a KV engine, version 2: `{ name, key }` of a namespace is the field KEY of `MOUNT/PREFIX/NAMESPACE/NAME`.
 * One question for each path at a time; an answer is used for as long as the settings say, and up to
 * ten minutes while the vault does not answer. What it refuses is refused at once.
 */
export function vaultSecrets(settings: VaultSettings, needs: VaultSecretsNeeds): Secrets {
  const { now } = needs
  const known = new Map<string, Known>()
  const asking = new Map<string, Promise<Fields>>()

  const ask = async (path: string): Promise<Fields> => {
    const before = known.get(path)
    try {
      const fields = await read(path, needs)
      remember(known, path, { fields, at: now() })
      return fields
    } catch (error) {
      const silent = error instanceof SecretsFailure && error.code === 'vault_unreachable'
      if (silent && before !== undefined && now() - before.at < staleMs) return before.fields
      if (!silent) known.delete(path)
      throw error
    }
  }
  const fieldsAt = (path: string): Promise<Fields> | Fields => {
    const fresh = known.get(path)
    if (fresh !== undefined && now() - fresh.at < settings.freshMs) return fresh.fields
    const asked = asking.get(path) ?? ask(path).finally(() => asking.delete(path))
    asking.set(path, asked)
    return asked
  }
  return async (namespace, { name, key }) => {
    const steps = [...settings.prefix, namespace, name]
    if (!steps.every(isPathSegment)) return null
    const path = [settings.mount, 'data', ...steps].join('/')
    return valueAt(await fieldsAt(path), key, path)
  }
}

async function read(path: string, { api, session }: VaultSecretsNeeds): Promise<Fields> {
  for (let again = true; ; again = false) {
    const token = await session.token()
    const answer = await api.ask({ method: 'GET', path, token })
    if (answer.status === 200) return Object(Object(answer.body).data).data ?? null
    if (answer.status === 404 && isNothing(answer.body)) return null
    const mayTryAgain = answer.status === 403 && session.refused(token)
    if (!(again && mayTryAgain)) failed(answer, `${path} cannot be read`)
  }
}

/** Nothing was kept there, or it was deleted; a mount that is not there says why instead. */
function isNothing(body: unknown): boolean {
  const { errors = [] } = Object(body)
  return body !== null && Array.isArray(errors) && errors.length === 0
}

function remember(known: Map<string, Known>, path: string, entry: Known): void {
  known.delete(path)
  known.set(path, entry)
  const [oldest] = known.keys()
  if (known.size > mostKnown && oldest !== undefined) known.delete(oldest)
}

function valueAt(fields: Fields, key: string, path: string): string | null {
  const value = fields !== null && Object.hasOwn(fields, key) ? fields[key] : null
  if (value === null || typeof value === 'string') return value
  throw new SecretsFailure('value_unusable', `the field ${key} of ${path} is no text`)
}
