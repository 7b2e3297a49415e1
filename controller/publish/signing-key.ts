import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import canonicalize from 'canonicalize'
import { replaceFile } from '../../lifecycle/replace-file.ts'
import type { TableRelease } from '../../schemas/table-release.ts'
import { ControllerFailure } from '../failure.ts'

/** The key that signs releases. */
export interface SigningKey {
  /** First 16 hex digits of the SHA-256 of the public key's SPKI form. */
  readonly id: string
  /** SPKI in base64. */
  readonly publicKey: string
  sign(release: Omit<TableRelease, 'keyId' | 'signature'>): TableRelease
  /** A statement with the name of the key and the signature (Ed25519) of the canonical JSON of all the rest. */
  signed<S extends object>(statement: S): S & Signature
  /** For the library that makes tokens. */
  readonly privateKey: KeyObject
}

interface Signature {
  readonly keyId: string
  /** base64url. */
  readonly signature: string
}

/** The key of the text (PKCS #8 PEM), else the one kept in the folder, else a new one that is kept there. */
export async function openSigningKey(folder: string, pem?: string): Promise<SigningKey> {
  const path = join(folder, 'signing-key.pem')
  const kept = pem ?? (await readFile(path, 'utf8').catch(absent))
  if (kept !== null) return signingKey(parse(kept))
  const { privateKey } = generateKeyPairSync('ed25519')
  await replaceFile(path, privateKey.export({ format: 'pem', type: 'pkcs8' }))
  return signingKey(privateKey)
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}

function parse(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('not an Ed25519 key')
    return key
  } catch {
    // The cause is left out: errors of the parser may quote what they read.
    throw new ControllerFailure(
      'signing_key_unusable',
      'the signing key is no Ed25519 key in PKCS #8 PEM',
    )
  }
}

function signingKey(key: KeyObject): SigningKey {
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const id = createHash('sha256').update(spki).digest('hex').slice(0, 16)
  const signed = <S extends object>(statement: S): S & Signature => {
    const named = { ...statement, keyId: id }
    const payload = Buffer.from(canonicalize(named) ?? '')
    return { ...named, signature: sign(null, payload, key).toString('base64url') }
  }
  return { id, publicKey: spki.toString('base64'), sign: signed, signed, privateKey: key }
}
