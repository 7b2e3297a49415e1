import { readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../../lifecycle/replace-file.ts'
import { SecretsFailure } from '../failure.ts'
import type { Secrets } from '../secrets.ts'
import { type KeySource, makeFollowingKey, makeKey, settleKeys } from './key-files.ts'
import { type ReadStore, readStore, remembered, valueIn } from './read-store.ts'
import { type Place, sealValue } from './sealed-value.ts'
import { placeId, type SealedEntry, storeText } from './store-file.ts'
import { type StoreKey, storeKey } from './store-key.ts'
import { whileLocked } from './while-locked.ts'

export interface StoreNeeds {
  /** Made with mode 0700 when something is first kept in it. */
  readonly folder: string
  readonly key: KeySource
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** What the store has under one name; never the value. */
export interface KeptSecret extends Place {
  readonly at: string
}

/** Values encrypted on disk. Everything rejects with a SecretsFailure when the store or its key is not as it should be. */
export interface SecretStore {
  readonly look: Secrets
  list(): Promise<readonly KeptSecret[]>
  set(place: Place, value: string): Promise<'made' | 'replaced'>
  /** Whether it was there. */
  delete(place: Place): Promise<boolean>
  /** Encrypts everything anew and returns how many values; `newKey` is the text of a key where none is in a file. */
  rotate(newKey?: string): Promise<number>
}

const mostValueBytes = 65_536

/** The encrypted store in a folder. Nothing is opened before it is asked. */
export function secretStore(needs: StoreNeeds): SecretStore {
  const { folder, key: source } = needs
  const path = join(folder, 'store.json')
  const current = remembered(path, source)
  return {
    ...changes(needs, path),
    async look(namespace, { name, key: part }) {
      const { key, entries } = await current()
      const id = placeId({ namespace, name, key: part })
      const entry = entries.find(entry => placeId(entry) === id)
      return key === null || entry === undefined ? null : valueIn(entry, key, path)
    },
    async list() {
      const { entries } = await current()
      return entries.map(({ namespace, name, key, at }) => ({ namespace, name, key, at }))
    },
  }
}

/** What is changed is read, changed and written by one process at a time. */
function changes(needs: StoreNeeds, path: string): Omit<SecretStore, 'look' | 'list'> {
  const { folder, key: source, now } = needs
  const change = <T>(work: (store: ReadStore) => Promise<T>) =>
    whileLocked(folder, async () => {
      const store = await readStore(path, source)
      await tidy(folder, source, store.key)
      return work(store)
    })
  const write = (entries: readonly SealedEntry[], key: StoreKey) =>
    replaceFile(path, storeText(entries, key))
  return {
    set: (place, value) =>
      change(async ({ key: known, entries }) => {
        checkValue(place, value)
        const key = known ?? (await firstKey(source))
        const others = without(entries, place)
        const sealed = sealValue(value, place, key)
        await write([...others, { ...place, sealed, at: new Date(now()).toISOString() }], key)
        return others.length === entries.length ? 'made' : 'replaced'
      }),
    delete: place =>
      change(async ({ key, entries }) => {
        const others = without(entries, place)
        if (key === null || others.length === entries.length) return false
        await write(others, key)
        return true
      }),
    rotate: newKey =>
      change(async ({ key, entries }) => {
        if (key === null) return 0
        const values = entries.map(entry => ({ entry, value: valueIn(entry, key, path) }))
        const next = await nextKey(source, key, newKey)
        await write(
          values.map(({ entry, value }) => ({ ...entry, sealed: sealValue(value, entry, next) })),
          next,
        )
        if (source.kind === 'file') await settleKeys(source.path, next.id)
        return values.length
      }),
  }
}

function without(entries: readonly SealedEntry[], place: Place): readonly SealedEntry[] {
  const id = placeId(place)
  return entries.filter(entry => placeId(entry) !== id)
}

function checkValue({ name, key }: Place, value: string): void {
  const bytes = Buffer.byteLength(value)
  if (bytes > 0 && bytes <= mostValueBytes) return
  const message = `the value for ${name}/${key} has to have 1 to ${mostValueBytes} bytes`
  throw new SecretsFailure('value_unusable', message)
}

function firstKey(source: KeySource): Promise<StoreKey> | StoreKey {
  return source.kind === 'given' ? storeKey(source.text) : makeKey(source.path)
}

async function nextKey(source: KeySource, old: StoreKey, text = ''): Promise<StoreKey> {
  if (source.kind === 'file') return makeFollowingKey(source.path)
  const key = storeKey(text)
  if (key.id !== old.id) return key
  throw new SecretsFailure('key_unusable', 'the new key is the one that is in use')
}

/** Ends what a killed process left half done; nobody else writes here now. */
async function tidy(folder: string, source: KeySource, key: StoreKey | null): Promise<void> {
  if (source.kind === 'file' && key !== null) await settleKeys(source.path, key.id)
  for (const name of await readdir(folder)) {
    if (/^(store\.json|key|key\.next)\.[0-9a-f]{12}\.tmp$/.test(name))
      await unlink(join(folder, name))
  }
}
