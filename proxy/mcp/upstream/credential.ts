import type { ToolServerSpec } from '../../../schemas/tool-server.ts'
import { ProxyFailure } from '../../failure.ts'
import type { SecretRef, Secrets } from '../needs.ts'

/** Nobody can say whether a secret is there; the cause is told by its code alone. */
export function lookupFailure({ name, key }: SecretRef, cause: unknown): ProxyFailure {
  const why = String(Object(cause).code ?? 'an unexpected error')
  return new ProxyFailure(
    'secret_missing',
    `the secret ${name}/${key} cannot be looked up: ${why}`,
    {
      cause,
    },
  )
}

/** The credential that a ToolServer names; null when it names none. Rejects with `secret_missing`. */
export async function credentialOf(
  namespace: string,
  auth: ToolServerSpec['auth'],
  secrets: Secrets,
): Promise<string | null> {
  const { type = 'none', secretRef } = auth ?? {}
  if (type === 'none' || secretRef === undefined) return null
  const credential = await secrets(namespace, secretRef)
  if (credential !== null) return credential
  const name = `${secretRef.name}/${secretRef.key}`
  throw new ProxyFailure('secret_missing', `the secret ${name} is not there`)
}
