import { createHmac } from 'node:crypto'

/** What is signed: the id of the message, seconds since 1970, and the body. */
interface Signed {
  readonly id: string
  readonly timestamp: number
  readonly body: string
}

/**
 * The header `webhook-signature` of Standard Webhooks 1.0.0: `v1,` and the base64 HMAC-SHA256 of
 * `id.timestamp.body`. The secret is `whsec_` and the key in base64; any other text is the key itself.
 */
export function webhookSignature({ id, timestamp, body }: Signed, secret: string): string {
  const hmac = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`)
  return `v1,${hmac.digest('base64')}`
}

function keyOf(secret: string): Buffer {
  const [, base64] = /^whsec_([A-Za-z0-9+/_-]+={0,2})$/.exec(secret) ?? []
  return Buffer.from(base64 ?? secret, base64 === undefined ? 'utf8' : 'base64')
}
