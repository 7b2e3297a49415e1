/** What a token says of itself; nobody has checked that it is true. */
export interface TokenClaims {
  readonly subject: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

const longest = 4096

/**
 * What a service account token (RFC 7519) says, or null for what cannot be one for the audience: it is then not worth a
 * question to the API server.
 */
export function tokenClaims(token: string, audience: string): TokenClaims | null {
  const [, payload, ...rest] = token.split('.')
  if (payload === undefined || rest.length !== 1 || token.length > longest) return null
  const { sub, exp, aud } = Object(json(payload))
  const isFor = Array.isArray(aud) ? aud.includes(audience) : aud === audience
  if (!isFor || typeof sub !== 'string' || !Number.isFinite(exp)) return null
  return sub.startsWith('system:serviceaccount:') ? { subject: sub, expiresAt: exp * 1000 } : null
}

function json(payload: string): unknown {
  try {
    return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
  } catch {
    return null
  }
}
