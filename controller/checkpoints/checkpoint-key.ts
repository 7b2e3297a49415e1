import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../../lifecycle/replace-file.ts'
import { type StatementKey, statementKey } from '../../records/statement.ts'
import { ControllerFailure } from '../failure.ts'

/** The keys that checkpoints are signed with. */
export interface CheckpointKeys {
  readonly current: StatementKey
  /** The key before it, which may say so; `lost` when nobody has it any more; null when there was none. */
  readonly previous: StatementKey | 'lost' | null
}

export interface CheckpointKeyOptions {
  /** Folder of the controller, where the key is made and kept unless one is given. */
  readonly folder: string
  /** PKCS #8 PEM. */
  readonly pem?: string | undefined
  /** The key before it, as PEM, or `lost`. */
  readonly previous?: string | undefined
  /** Public half (SPKI, DER in base64) of the key that signs tables, which must be another. */
  readonly signingKey: string
}

/** Opens the keys; makes one when none is given and none was made. Fails with `checkpoint_key_unusable`. */
export async function openCheckpointKeys(options: CheckpointKeyOptions): Promise<CheckpointKeys> {
  const current = parse(options.pem ?? (await keptIn(options.folder)), 'the checkpoint key')
  if (current.publicKey === options.signingKey) {
    throw unusable('the checkpoint key must not be the key that signs tables')
  }
  const { previous } = options
  if (previous === undefined) return { current, previous: null }
  if (previous === 'lost') return { current, previous }
  return { current, previous: parse(previous, 'the previous checkpoint key') }
}

async function keptIn(folder: string): Promise<string> {
  const path = join(folder, 'checkpoint-key.pem')
  const kept = await readFile(path, 'utf8').catch(absent)
  if (kept !== null) return kept
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = String(privateKey.export({ format: 'pem', type: 'pkcs8' }))
  await replaceFile(path, pem)
  return pem
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}

function parse(pem: string, what: string): StatementKey {
  try {
    return statementKey(createPrivateKey(pem))
  } catch {
    // The cause is left out: errors of the parser may quote what they read.
    throw unusable(`${what} is no Ed25519 key in PKCS #8 PEM`)
  }
}

function unusable(message: string): ControllerFailure {
  return new ControllerFailure('checkpoint_key_unusable', message)
}
