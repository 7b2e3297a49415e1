import { Agent, request } from 'undici'
import { SecretsFailure } from '../failure.ts'
import type { VaultSettings } from './vault-settings.ts'

/** The HTTP API of a Vault or OpenBao. */
export interface VaultApi {
  /** Asks, and takes every status for an answer; rejects with `vault_unreachable` when there is none to be had. */
  ask(question: VaultQuestion): Promise<VaultAnswer>
  close(): Promise<void>
}

interface VaultQuestion {
  readonly method: 'GET' | 'POST'
  /** Below `/v1/`; its steps are safe already. */
  readonly path: string
  readonly token?: string
  readonly body?: object
}

/** `body` is what the JSON says, and null when there is none. */
export interface VaultAnswer {
  readonly status: number
  readonly body: unknown
}

const patienceMs = 10_000
const mostBytes = 1024 * 1024

/** Opens connections to the settings' origin only; a redirect is not followed. `ca` in PEM. */
export function vaultApi({ origin, namespace }: VaultSettings, ca: string | null): VaultApi {
  const dispatcher = new Agent({
    connections: 4,
    connect: { timeout: 5000, ...(ca !== null && { ca }) },
    headersTimeout: patienceMs,
    bodyTimeout: patienceMs,
    maxResponseSize: mostBytes,
  })
  return {
    async ask({ method, path, token, body }) {
      try {
        const answer = await request(new URL(`/v1/${path}`, origin), {
          dispatcher,
          method,
          headers: {
            'x-vault-request': 'true',
            ...(token !== undefined && { 'x-vault-token': token }),
            ...(namespace !== undefined && { 'x-vault-namespace': namespace }),
            ...(body !== undefined && { 'content-type': 'application/json' }),
          },
          body: body === undefined ? null : JSON.stringify(body),
        })
        return { status: answer.statusCode, body: parsed(await answer.body.text()) }
      } catch (error) {
        throw unreachable(origin, error)
      }
    },
    close: () => dispatcher.destroy(),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The cause is told by its code alone: errors of clients may quote headers. */
function unreachable(origin: string, error: unknown): SecretsFailure {
  const { code, cause } = Object(error)
  const why = String(Object(cause).code ?? code ?? 'no answer')
  return new SecretsFailure('vault_unreachable', `the vault at ${origin} does not answer: ${why}`)
}
