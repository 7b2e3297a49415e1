import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../../lifecycle/replace-file.ts'
import type { ProxyIdentity } from '../../schemas/proxy-identity.ts'
import { TableFailure } from '../table/failure.ts'

const file = 'identity.json'
const name = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

/** What the controller said last of this proxy, as it is kept in the folder; null when it said nothing. */
export async function keptIdentity(folder: string): Promise<ProxyIdentity | null> {
  try {
    return parseIdentity(await readFile(join(folder, file), 'utf8'))
  } catch {
    return null
  }
}

export function keepIdentity(folder: string, identity: ProxyIdentity): Promise<void> {
  return replaceFile(join(folder, file), `${JSON.stringify(identity)}\n`)
}

/** Text becomes an identity here and nowhere else. Throws a TableFailure. */
export function parseIdentity(text: string): ProxyIdentity {
  const { namespace, pod, serviceAccount } = Object(json(text))
  if (namespace === null) return { namespace }
  if ([namespace, pod, serviceAccount].every(isName)) return { namespace, pod, serviceAccount }
  throw new TableFailure('identity_malformed', 'this says of no proxy who it is')
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && name.test(value)
}
