import { timingSafeEqual } from 'node:crypto'
import { SecretsFailure } from '../failure.ts'
import type { Place } from './sealed-value.ts'
import type { StoreKey } from './store-key.ts'

/** A value as the store keeps it. */
export interface SealedEntry extends Place {
  readonly sealed: string
  /** When it was set, ISO 8601. */
  readonly at: string
}

/** What the file of a store holds: names in the clear, values sealed, and a seal on the list as a whole. */
interface StoreFile {
  readonly format: typeof format
  readonly keyId: string
  readonly entries: readonly SealedEntry[]
  readonly seal: string
}

const format = 'writ.dev/secrets/v1'

/** Text becomes a store here. Throws `store_damaged`; the seal is not looked at. */
export function parseStore(text: string, path: string): StoreFile {
  const value = json(text)
  if (isStore(value)) return value
  throw damaged(path, 'it is no store of secrets')
}

/** The text of a store with these entries. */
export function storeText(entries: readonly SealedEntry[], key: StoreKey): string {
  const sorted = [...entries].sort((a, b) => (placeId(a) < placeId(b) ? -1 : 1))
  const seal = key.seal(listOf(key.id, sorted))
  const file: StoreFile = { format, keyId: key.id, entries: sorted, seal }
  return `${JSON.stringify(file, null, 2)}\n`
}

/** Throws `store_damaged` unless the list is as it was written: nothing added, taken away, or changed. */
export function checkSeal({ keyId, entries, seal }: StoreFile, key: StoreKey, path: string): void {
  const expected = Buffer.from(key.seal(listOf(keyId, entries)))
  const found = Buffer.from(seal)
  if (expected.length === found.length && timingSafeEqual(expected, found)) return
  throw damaged(path, 'somebody changed it')
}

/** Two entries are of one place when these are equal. */
export function placeId({ namespace, name, key }: Place): string {
  return JSON.stringify([namespace, name, key])
}

/** What is said of a store that cannot be believed. */
export function damaged(path: string, why: string): SecretsFailure {
  const message = `the secret store ${path} is damaged: ${why}; put back a copy of it`
  return new SecretsFailure('store_damaged', message)
}

function listOf(keyId: string, entries: readonly SealedEntry[]): string {
  const rows = entries.map(({ namespace, name, key, sealed, at }) => [
    namespace,
    name,
    key,
    sealed,
    at,
  ])
  return JSON.stringify([format, keyId, rows])
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isStore(value: unknown): value is StoreFile {
  const { format: found, keyId, entries, seal } = Object(value)
  return (
    found === format &&
    /^[0-9a-f]{16}$/.test(keyId) &&
    typeof seal === 'string' &&
    Array.isArray(entries) &&
    entries.every(isEntry)
  )
}

function isEntry(value: unknown): value is SealedEntry {
  const { namespace, name, key, sealed, at } = Object(value)
  return [namespace, name, key, sealed, at].every(text => typeof text === 'string')
}
