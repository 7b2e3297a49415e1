import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { SecretRef } from '../secrets.ts'
import type { StoreKey } from './store-key.ts'

/** What a value is bound to: moved to another place, it cannot be opened. */
export interface Place extends SecretRef {
  readonly namespace: string
}

const nonceBytes = 12
const tagBytes = 16

/** The value under AES-256-GCM: nonce, ciphertext and tag in base64url. */
export function sealValue(value: string, place: Place, key: StoreKey): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key.values, nonce).setAAD(boundTo(place, key))
  const sealed = [nonce, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return Buffer.concat(sealed).toString('base64url')
}

/** The value again; throws when it, its place or its key is another. */
export function openValue(sealed: string, place: Place, key: StoreKey): string {
  const bytes = Buffer.from(sealed, 'base64url')
  const nonce = bytes.subarray(0, nonceBytes)
  const tag = bytes.subarray(bytes.length - tagBytes)
  const options = { authTagLength: tagBytes }
  const decipher = createDecipheriv('aes-256-gcm', key.values, nonce, options)
    .setAAD(boundTo(place, key))
    .setAuthTag(tag)
  const text = decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes))
  return Buffer.concat([text, decipher.final()]).toString('utf8')
}

function boundTo({ namespace, name, key }: Place, { id }: StoreKey): Buffer {
  return Buffer.from(JSON.stringify(['writ.dev/secrets/v1', id, namespace, name, key]))
}
