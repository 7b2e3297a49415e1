import { ChannelFailure } from './failure.ts'

interface Reference {
  readonly name: string
  readonly key: string
}

/** Looks a credential of a namespace up; null when nobody has it. */
export type Secrets = (namespace: string, ref: Reference) => Promise<string | null>

/** The credential of a reference. Rejects with a ChannelFailure that names the reference when it is not there. */
export async function secretOf(
  secrets: Secrets,
  namespace: string,
  ref: Reference,
): Promise<string> {
  const secret = (await secrets(namespace, ref))?.trim()
  if (secret) return secret
  throw new ChannelFailure('misconfigured', `the secret ${ref.name}, key ${ref.key}, is not there`)
}
