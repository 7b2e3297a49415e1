/** What every token of a runtime says of itself; nothing else with the same key is one. */
export const runtimeTokenForm = {
  type: 'writ-runtime+jwt',
  issuer: 'writ',
  audience: 'writ-proxy',
} as const

/** What a token of a runtime claims, besides the registered `iss`, `aud`, `iat`, `exp` and `jti`. */
export interface RuntimeClaims {
  readonly namespace: string
  readonly agent: string
  /** `token:` and the id. */
  readonly apiKey: string
  readonly session?: string
}

/** The name under which policies and records know a token. */
export function tokenKeyName(id: string): string {
  return `token:${id}`
}
