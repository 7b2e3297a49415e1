import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** What a forge sends with a webhook to prove who it is. */
export interface WebhookProof {
  /** `X-Hub-Signature-256`, of GitHub, Gitea and Forgejo. */
  readonly signature: string | undefined
  /** `X-Gitlab-Token`. */
  readonly token: string | undefined
  readonly body: Buffer
}

/**
 * Whether somebody who knows the secret sent it: `sha256=` and the hex HMAC-SHA256 of the body, or the secret
 * itself where the forge knows no better. Takes the same time whatever is wrong.
 */
export function isGenuine({ signature, token, body }: WebhookProof, secret: string): boolean {
  if (signature !== undefined) {
    const [, hex = ''] = /^sha256=([0-9a-f]{64})$/.exec(signature) ?? []
    const hmac = createHmac('sha256', secret).update(body).digest()
    return timingSafeEqual(hmac, hex === '' ? Buffer.alloc(32) : Buffer.from(hex, 'hex'))
  }
  return token !== undefined && timingSafeEqual(hash(token), hash(secret))
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
