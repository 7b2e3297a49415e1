import { createHash, randomBytes } from 'node:crypto'

/** A key of an agent, and the hash by which Writ knows it. */
export interface NewKey {
  readonly key: string
  /** Hex. */
  readonly sha256: string
}

/** A fresh key: `writ_` and 256 random bits. */
export function newKey(): NewKey {
  const key = `writ_${randomBytes(32).toString('base64url')}`
  return { key, sha256: createHash('sha256').update(key).digest('hex') }
}
