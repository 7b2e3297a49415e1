import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { flushFolder, replaceFile } from '../../lifecycle/replace-file.ts'
import { chainKey, isOwn, type NewChainKey } from '../../records/chain-key.ts'
import { type StatementKey, statementKey } from '../../records/statement.ts'
import type { ChainKey } from '../../schemas/chain.ts'
import { JournalFailure } from './failure.ts'

/** The key with which a proxy seals its chain, and its word that it does. */
export interface SealingKey {
  readonly key: StatementKey
  readonly statement: ChainKey
}

/**
 * The key kept in the folder of a journal, else a new one that is kept there before this resolves. Rejects with a
 * JournalFailure when what is kept is no key.
 */
export async function openChainKey(folder: string, begins: NewChainKey): Promise<SealingKey> {
  const kept = await read(folder)
  if (kept?.statement.proxy !== begins.proxy) return keep(folder, begins, null)
  // Whoever made it may have been killed before it was sure to outlive a power failure.
  await flushFolder(folder)
  return kept
}

/**
 * A new key in place of the old one, which vouches for it and is gone. Whenever the process ends, the folder
 * holds one of the two, whole. A rejection leaves open which.
 */
export function replaceChainKey(
  folder: string,
  begins: NewChainKey,
  old: SealingKey,
): Promise<SealingKey> {
  return keep(folder, begins, old)
}

async function keep(
  folder: string,
  begins: NewChainKey,
  old: SealingKey | null,
): Promise<SealingKey> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const key = statementKey(privateKey)
  const statement = chainKey(begins, key, old?.key)
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' })
  // Text before a PEM block is its explanation (RFC 7468, 2); one file cannot be replaced by halves.
  await replaceFile(fileIn(folder), `${JSON.stringify(statement)}\n${pem}`)
  return { key, statement }
}

async function read(folder: string): Promise<SealingKey | null> {
  const path = fileIn(folder)
  const text = await readFile(path, 'utf8').catch(absent)
  if (text === null) return null
  try {
    const key = statementKey(createPrivateKey(text))
    const statement: ChainKey = JSON.parse(text.slice(0, text.indexOf('\n')))
    if (isOwn(statement) && statement.keyId === key.id) return { key, statement }
  } catch {
    // What was read is in no error: parsers quote it.
  }
  throw new JournalFailure(
    'chain_key_unusable',
    `${path} holds no key; remove it to seal with a new one, which the controller notes as vouched for by nobody`,
  )
}

function fileIn(folder: string): string {
  return join(folder, 'chain-key.pem')
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
