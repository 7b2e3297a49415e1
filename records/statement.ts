import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'
import canonicalize from 'canonicalize'

/** What every statement about records has; `type` keeps one kind from being taken for another. */
export interface Statement {
  readonly type: string
}

/** Who signed a statement, and the signature (Ed25519, base64url) of the canonical JSON (RFC 8785) of all the rest. */
export interface Signed {
  readonly keyId: string
  readonly signature: string
}

/** An Ed25519 key pair that signs statements about records. */
export interface StatementKey {
  /** `keyIdOf` its public half. */
  readonly id: string
  /** SPKI, DER in base64. */
  readonly publicKey: string
  readonly privateKey: KeyObject
}

/** The first 32 hex digits of the SHA-256 of a public key in SPKI form, given as DER in base64. */
export function keyIdOf(publicKey: string): string {
  return hash('sha256', Buffer.from(publicKey, 'base64'), 'hex').slice(0, 32)
}

/** The key pair of a private key; throws a TypeError for one that is not Ed25519. */
export function statementKey(privateKey: KeyObject): StatementKey {
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new TypeError('not an Ed25519 key')
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const publicKey = spki.toString('base64')
  return { id: keyIdOf(publicKey), publicKey, privateKey }
}

/** The statement, signed. */
export function signStatement<S extends Statement>(statement: S, key: StatementKey): S & Signed {
  const named = { ...statement, keyId: key.id }
  return { ...named, signature: sign(null, payload(named), key.privateKey).toString('base64url') }
}

/** Whether the owner of the public key (SPKI, DER in base64) signed exactly this statement, which names the key. Never throws. */
export function isSignedBy(statement: Statement & Signed, publicKey: string): boolean {
  return statement.keyId === keyIdOf(publicKey) && isSignature(statement, publicKey)
}

/** Whether the signature of the statement is by the public key, whichever key the statement names. Never throws. */
export function isSignature(statement: Statement & Signed, publicKey: string): boolean {
  const { signature, ...named } = statement
  try {
    const key = createPublicKey({
      key: Buffer.from(publicKey, 'base64'),
      format: 'der',
      type: 'spki',
    })
    const bytes = Buffer.from(signature, 'base64url')
    const exact = bytes.length === 64 && bytes.toString('base64url') === signature
    return exact && key.asymmetricKeyType === 'ed25519' && verify(null, payload(named), key, bytes)
  } catch {
    return false
  }
}

/** SHA-256 (base64url) of the canonical JSON of a statement with its signature. */
export function statementDigest(statement: Statement & Signed): string {
  return hash('sha256', canonicalize(statement) ?? '', 'base64url')
}

function payload(named: object): Buffer {
  return Buffer.from(canonicalize(named) ?? '')
}
