import { type HaltList, type HaltNotice, haltScopes, mostHalts } from '../../schemas/halt.ts'
import { type ControllerKey, verifySigned } from '../table/controller-key.ts'
import { TableFailure } from '../table/failure.ts'

/** Text becomes a list of halts that the controller signed. Throws a TableFailure. */
export function parseHalts(text: string, key: ControllerKey): HaltList {
  const value = json(text)
  if (!isList(value)) throw new TableFailure('halts_malformed', 'this is no list of halts')
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

type Fields = { readonly [field: string]: unknown }

function isList(value: unknown): value is HaltList {
  if (!hasFields(value, ['format', 'sequence', 'publishedAt', 'halts', 'keyId', 'signature'])) {
    return false
  }
  const { format, namespace, sequence, publishedAt, halts, keyId, signature } = value
  return (
    format === 'writ.dev/halts/v1' &&
    (namespace === undefined || isText(namespace)) &&
    Number.isSafeInteger(sequence) &&
    Number(sequence) >= 0 &&
    isInstant(publishedAt) &&
    isText(keyId) &&
    isText(signature) &&
    Array.isArray(halts) &&
    halts.length <= mostHalts &&
    halts.every(isNotice)
  )
}

function isNotice(value: unknown): value is HaltNotice {
  if (!hasFields(value, ['id', 'what', 'reason', 'by', 'since'])) return false
  const { id, what, namespace, agent, reason, by, since } = value
  return (
    (haltScopes as readonly unknown[]).includes(what) &&
    [id, reason, by].every(isText) &&
    [namespace, agent].every(name => name === undefined || isText(name)) &&
    isInstant(since)
  )
}

function hasFields(value: unknown, fields: readonly string[]): value is Fields {
  return (
    typeof value === 'object' &&
    value !== null &&
    fields.every(field => Object.hasOwn(value, field))
  )
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 2048
}

function isInstant(value: unknown): boolean {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value))
}
