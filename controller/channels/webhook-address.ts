import type { KnownChannel } from './channel.ts'
import { ChannelFailure } from './failure.ts'
import { type Secrets, secretOf } from './secrets.ts'

/** Where a channel is told: its `url`, or the address that its `secretRef` keeps. */
export async function webhookAddress({ home, spec }: KnownChannel, secrets: Secrets): Promise<URL> {
  const { url, secretRef } = spec
  const text = url ?? (secretRef && (await secretOf(secrets, home.namespace, secretRef)))
  const parsed = URL.parse(text ?? '')
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) return parsed
  // The text may be a secret, so it is not shown.
  throw new ChannelFailure('misconfigured', 'the address of the webhook is no http or https URL')
}
