import { stat } from 'node:fs/promises'
import { SecretsFailure } from '../failure.ts'
import { onlyMine, readPrivateFile } from '../private-file.ts'
import { type KeySource, knownKeys } from './key-files.ts'
import { openValue } from './sealed-value.ts'
import { checkSeal, damaged, parseStore, type SealedEntry } from './store-file.ts'
import type { StoreKey } from './store-key.ts'

/** A store as it is on disk; without a key as long as nothing was ever kept. */
export interface ReadStore {
  readonly key: StoreKey | null
  readonly entries: readonly SealedEntry[]
}

const mostBytes = 64 * 1024 * 1024

/** Reads, finds the key, and believes nothing without its seal. Rejects with a SecretsFailure. */
export async function readStore(path: string, source: KeySource): Promise<ReadStore> {
  try {
    return await readOnce(path, source)
  } catch (error) {
    // A rotation may have come between the store and its key; then both fit at the second look.
    if (error instanceof SecretsFailure && /^key_/.test(error.code)) return readOnce(path, source)
    throw error
  }
}

async function readOnce(path: string, source: KeySource): Promise<ReadStore> {
  const text = await readPrivateFile(path, { mode: onlyMine, mostBytes })
  if (text === null) return { key: null, entries: [] }
  const file = parseStore(text, path)
  const keys = await knownKeys(source)
  const key = keys.find(({ id }) => id === file.keyId)
  if (key === undefined) throw noKey(path, file.keyId, source, keys.length > 0)
  checkSeal(file, key, path)
  return { key, entries: file.entries }
}

function noKey(path: string, id: string, source: KeySource, isThere: boolean): SecretsFailure {
  const where = source.kind === 'file' ? source.path : 'WRIT_SECRET_KEY'
  return isThere
    ? new SecretsFailure(
        'key_wrong',
        `the secret store ${path} needs the key ${id}; ${where} holds another`,
      )
    : new SecretsFailure(
        'key_missing',
        `the secret store ${path} needs the key ${id}; there is no ${where}`,
      )
}

/** Reads again only what changed on disk; a failure is not remembered. */
export function remembered(path: string, source: KeySource): () => Promise<ReadStore> {
  let known: { readonly stamp: string; readonly store: ReadStore } | null = null
  return async () => {
    const stamp = await stampOf(path)
    if (known !== null && known.stamp === stamp) return known.store
    const store = await readStore(path, source)
    known = { stamp, store }
    return store
  }
}

async function stampOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [ino, size, mtimeNs, ctimeNs].join()
  } catch {
    return 'none'
  }
}

/** The value of an entry. Throws `store_damaged`. */
export function valueIn(entry: SealedEntry, key: StoreKey, path: string): string {
  try {
    return openValue(entry.sealed, entry, key)
  } catch {
    throw damaged(path, `${entry.namespace}/${entry.name}/${entry.key} cannot be opened`)
  }
}
