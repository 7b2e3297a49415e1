import { createHash, randomBytes } from 'node:crypto'

/** What secrets begin with, so that whoever finds one knows what it is. */
export type SecretKind = 'ses' | 'at' | 'rt' | 'lnk'

/** A new secret of 256 random bits; what is kept of it is `hashOf` it. */
export function newSecret(kind: SecretKind): string {
  return `writ_${kind}_${randomBytes(32).toString('base64url')}`
}

/** SHA-256 in hex: a guesser of 256 bits needs no slower one. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
