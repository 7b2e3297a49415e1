import type { KeyObject } from 'node:crypto'
import { runtimeTokenForm, tokenKeyName } from '../../schemas/runtime-claims.ts'

/** What a token that is genuine says. */
export interface RuntimeClaim {
  readonly id: string
  readonly namespace: string
  readonly agent: string
  readonly session?: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/**
 * What the token says, or null unless the controller that holds the key signed it, for proxies, and it has not expired
 * at `now` (ms since 1970). EdDSA is the only algorithm, whatever the token names.
 */
export async function verifyToken(
  token: string,
  key: KeyObject,
  now: number,
): Promise<RuntimeClaim | null> {
  // Loaded with the first token: most proxies see keys only.
  const { jwtVerify } = await import('jose')
  const { type, issuer, audience } = runtimeTokenForm
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['EdDSA'],
      typ: type,
      issuer,
      audience,
      requiredClaims: ['exp', 'iat', 'jti'],
      currentDate: new Date(now),
    })
    return claimOf(payload)
  } catch {
    return null
  }
}

function claimOf(payload: Readonly<Record<string, unknown>>): RuntimeClaim | null {
  const { jti: id, namespace, agent, apiKey, session, exp } = payload
  const isWhole =
    isText(id) && isText(namespace) && isText(agent) && apiKey === tokenKeyName(String(id))
  if (!isWhole || typeof exp !== 'number') return null
  if (session === undefined) return { id, namespace, agent, expiresAt: exp * 1000 }
  return isText(session) ? { id, namespace, agent, session, expiresAt: exp * 1000 } : null
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 512
}
