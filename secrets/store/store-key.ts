import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { SecretsFailure } from '../failure.ts'

/** What a store is encrypted with. Nothing of it is written anywhere but in its own file. */
export interface StoreKey {
  /** Names the key and tells nothing about it: 16 hex digits. */
  readonly id: string
  /** AES-256 key of the values. */
  readonly values: Uint8Array
  /** Seals the list of what is in the store. */
  seal(text: string): string
}

const keyBytes = 32

/** A fresh key as text: 256 random bits in base64url. */
export function newKeyText(): string {
  return randomBytes(keyBytes).toString('base64url')
}

/**
 * The key that a text holds: 32 bytes in hex, base64 or base64url. The parts are derived with HKDF (RFC 5869), so
 * that no use of the key says anything about another. Throws `key_unusable`.
 */
export function storeKey(text: string): StoreKey {
  const raw = bytesOf(text.trim())
  const derived = (use: string) =>
    new Uint8Array(hkdfSync('sha256', raw, '', `writ.dev/secrets/v1 ${use}`, keyBytes))
  const sealing = derived('list')
  return {
    id: Buffer.from(derived('id')).toString('hex').slice(0, 16),
    values: derived('values'),
    seal: list => createHmac('sha256', sealing).update(list).digest('base64url'),
  }
}

function bytesOf(text: string): Buffer {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return Buffer.from(text, 'base64url')
  throw new SecretsFailure(
    'key_unusable',
    'the key of the secret store is no key: 32 bytes in base64 or hex, as `openssl rand -base64 32` makes them',
  )
}
