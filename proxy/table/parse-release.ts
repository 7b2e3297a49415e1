import { mostNext, type TableRelease } from '../../schemas/table-release.ts'
import { TableFailure } from './failure.ts'

const name = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const digest = /^sha256:[0-9a-f]{64}$/
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/
const fields = 'digest,keyId,namespace,publishedAt,sequence,signature'.split(',')

/** Text becomes a release here and nowhere else. Throws a TableFailure; the signature is not looked at. */
export function parseRelease(text: string): TableRelease {
  const value = json(text)
  if (!isRelease(value)) throw new TableFailure('release_malformed', 'this is not a release')
  return value
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new TableFailure('release_malformed', 'a release is not JSON', { cause })
  }
}

function isRelease(value: unknown): value is TableRelease {
  if (typeof value !== 'object' || value === null) return false
  const { next, ...release } = value as { readonly [field: string]: unknown }
  if (!hasOnly(release, fields)) return false
  return (
    Number.isSafeInteger(release.sequence) &&
    Number(release.sequence) >= 1 &&
    matches(name, release.namespace, 253) &&
    matches(digest, release.digest) &&
    matches(instant, release.publishedAt) &&
    matches(/^[\w-]+$/, release.keyId) &&
    matches(/^[\w-]+$/, release.signature) &&
    (next === undefined || areSteps(next))
  )
}

function areSteps(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || value.length > mostNext) return false
  return value.every(step => {
    const { at, digest: named } = Object(step)
    return hasOnly(Object(step), ['at', 'digest']) && matches(instant, at) && matches(digest, named)
  })
}

function hasOnly(value: object, names: readonly string[]): boolean {
  return Object.keys(value).sort().join() === names.join()
}

function matches(pattern: RegExp, value: unknown, most = 128): boolean {
  return typeof value === 'string' && value.length <= most && pattern.test(value)
}
