import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import canonicalize from 'canonicalize'
import { TableFailure } from './failure.ts'

/** The controller's public key and its name. */
export interface ControllerKey {
  /** First 16 hex digits of the SHA-256 of the key's SPKI form. */
  readonly id: string
  readonly key: KeyObject
}

/** Reads an Ed25519 public key: SPKI in base64, or PEM. Throws a TableFailure for anything else. */
export function readControllerKey(text: string): ControllerKey {
  try {
    const key = text.includes('-----BEGIN')
      ? createPublicKey(text)
      : createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' })
    if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('not an Ed25519 key')
    const spki = key.export({ format: 'der', type: 'spki' })
    return { id: createHash('sha256').update(spki).digest('hex').slice(0, 16), key }
  } catch (cause) {
    throw new TableFailure('unknown_key', 'the public key of the controller cannot be read', {
      cause,
    })
  }
}

/** What the controller says with its name and its signature on all the rest. */
interface Signed {
  readonly keyId: string
  readonly signature: string
}

/** Throws a TableFailure unless the controller that holds the key signed every field of the statement. */
export function verifySigned<S extends Signed>(statement: S, { id, key }: ControllerKey): void {
  const { signature, ...signed } = statement
  if (statement.keyId !== id) {
    throw new TableFailure(
      'unknown_key',
      `signed with key ${statement.keyId}, and this proxy believes ${id}; if the controller has a new key, give it to the proxy`,
    )
  }
  const payload = Buffer.from(canonicalize(signed) ?? '')
  if (!verify(null, payload, key, Buffer.from(signature, 'base64url'))) {
    throw new TableFailure('bad_signature', 'the signature does not fit')
  }
}
