import type { RevocationList } from '../../schemas/runtime-token.ts'
import { type ControllerKey, verifySigned } from '../table/controller-key.ts'
import { TableFailure } from '../table/failure.ts'

const fields = 'format,keyId,publishedAt,revoked,sequence,signature'

/** Text becomes a list of revoked tokens that the controller signed. Throws a TableFailure. */
export function parseRevocations(text: string, key: ControllerKey): RevocationList {
  const value = json(text)
  if (!isList(value)) {
    throw new TableFailure('revocations_malformed', 'this is no list of revoked tokens')
  }
  verifySigned(value, key)
  return value
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isList(value: unknown): value is RevocationList {
  if (typeof value !== 'object' || value === null) return false
  const { namespace, ...others } = value as { readonly namespace?: unknown }
  if (Object.keys(others).sort().join() !== fields) return false
  if (namespace !== undefined && typeof namespace !== 'string') return false
  const list = value as { readonly [field: string]: unknown }
  return (
    list.format === 'writ.dev/revocations/v1' &&
    Number.isSafeInteger(list.sequence) &&
    Number(list.sequence) >= 0 &&
    [list.publishedAt, list.keyId, list.signature].every(text => typeof text === 'string') &&
    Array.isArray(list.revoked) &&
    list.revoked.every(id => typeof id === 'string')
  )
}
