import { createHmac, timingSafeEqual } from 'node:crypto'

/** A request as Slack signs it: the headers `x-slack-request-timestamp` and `x-slack-signature`, and the bytes. */
export interface SignedRequest {
  readonly timestamp: string | undefined
  readonly signature: string | undefined
  readonly body: Buffer
}

/** What a signature is worth. */
export type SlackSignature = 'genuine' | 'forged' | 'old'

const mostSeconds = 300

/**
 * Checks a signature by Slack's rules ("Verifying requests from Slack"): `v0=` and the hex HMAC-SHA256 of
 * `v0:timestamp:body`, not older than five minutes and not from the future. `now` is milliseconds since 1970.
 */
export function slackSignature(
  { timestamp = '', signature = '', body }: SignedRequest,
  secret: string,
  now: number,
): SlackSignature {
  const hmac = createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest()
  const [, hex = ''] = /^v0=([0-9a-f]{64})$/.exec(signature) ?? []
  const given = hex === '' ? Buffer.alloc(hmac.length) : Buffer.from(hex, 'hex')
  const same = timingSafeEqual(hmac, given)
  if (!same || hex === '' || !/^\d{1,12}$/.test(timestamp)) return 'forged'
  return Math.abs(now / 1000 - Number(timestamp)) <= mostSeconds ? 'genuine' : 'old'
}
