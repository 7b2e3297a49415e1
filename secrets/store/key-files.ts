import { mkdir, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { flushFolder, replaceFile } from '../../lifecycle/replace-file.ts'
import { onlyMine, readPrivateFile } from '../private-file.ts'
import { newKeyText, type StoreKey, storeKey } from './store-key.ts'

/** Where the key of a store comes from: a file that is made when there is none, or a text that was given. */
export type KeySource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'given'; readonly text: string }

/**
 * Every key that a store may be encrypted with: the one in use, and the one that a rotation was about to
 * bring in when it was interrupted. Rejects with `file_unsafe` or `key_unusable`.
 */
export async function knownKeys(source: KeySource): Promise<readonly StoreKey[]> {
  if (source.kind === 'given') return [storeKey(source.text)]
  const { path } = source
  const texts = await Promise.all([path, following(path)].map(readKey))
  return texts.flatMap(text => (text === null ? [] : [storeKey(text)]))
}

/** Makes a key and keeps it at the path. */
export async function makeKey(path: string): Promise<StoreKey> {
  const text = newKeyText()
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await replaceFile(path, `${text}\n`)
  return storeKey(text)
}

/** Keeps a new key beside the one in use, which `settleKeys` puts in its place once the store is encrypted with it. */
export function makeFollowingKey(path: string): Promise<StoreKey> {
  return makeKey(following(path))
}

/** Leaves one key at the path: the one of the id. Whatever an interrupted rotation left is gone then. */
export async function settleKeys(path: string, id: string): Promise<void> {
  const next = await readKey(following(path))
  if (next === null) return
  if (storeKey(next).id === id) await rename(following(path), path)
  else await unlink(following(path))
  await flushFolder(dirname(path))
}

function following(path: string): string {
  return `${path}.next`
}

function readKey(path: string): Promise<string | null> {
  return readPrivateFile(path, { mode: onlyMine, mostBytes: 256 })
}
