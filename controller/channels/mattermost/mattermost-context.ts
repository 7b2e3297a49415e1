import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * What a button takes along. Mattermost keeps it to itself and signs nothing, so it carries a proof that it
 * was made here, for this request, this answer and this channel.
 */
export interface MattermostContext {
  readonly request: string
  readonly decision: 'approve' | 'deny'
  /** HMAC-SHA256 in base64url. */
  readonly mac: string
}

interface Bound {
  readonly request: string
  readonly decision: 'approve' | 'deny'
  /** `namespace/name` of the channel. */
  readonly channel: string
}

/** A context with its proof. */
export function mattermostContext(bound: Bound, secret: string): MattermostContext {
  const { request, decision } = bound
  return { request, decision, mac: macOf(bound, secret).toString('base64url') }
}

/** Whether the context was made here for this channel. */
export function isGenuine(
  { request, decision, mac }: MattermostContext,
  channel: string,
  secret: string,
): boolean {
  const given = Buffer.from(mac, 'base64url')
  const expected = macOf({ request, decision, channel }, secret)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function macOf({ request, decision, channel }: Bound, secret: string): Buffer {
  const text = JSON.stringify(['writ mattermost 1', channel, request, decision])
  return createHmac('sha256', secret).update(text).digest()
}
