import { randomBytes } from 'node:crypto'

/** Crockford's base 32: no i, l, o, u. */
const digits = '0123456789abcdefghjkmnpqrstvwxyz'

/** A new id: the prefix, a dash, and 80 random bits. */
export function newId(prefix: 'apr' | 'agr' | 'rtk' | 'ovr' | 'hlt' | 'acc' | 'ses'): string {
  const characters = [...randomBytes(16)].map(byte => digits[byte & 31])
  return `${prefix}-${characters.join('')}`
}
