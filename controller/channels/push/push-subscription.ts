import Type from 'typebox'
import { RequestFailure } from '../../api/problem-answer.ts'
import { isPublicHost } from '../public-address.ts'

/** A PushSubscription as browsers write it to JSON (W3C Push API). */
export const PushSubscription = Type.Object({
  endpoint: Type.String({ minLength: 1, maxLength: 2048 }),
  expirationTime: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
  keys: Type.Object({
    p256dh: Type.String({ maxLength: 128, pattern: '^[A-Za-z0-9_-]{87}=?$' }),
    auth: Type.String({ maxLength: 64, pattern: '^[A-Za-z0-9_-]{22}={0,2}$' }),
  }),
})
export type PushSubscription = Type.Static<typeof PushSubscription>

/** Whether this side would post to an endpoint. */
export type Reachable = (endpoint: URL) => boolean

/** Endpoints of push services: https on its usual port, at a name or a public address. */
export function isPushService(endpoint: URL): boolean {
  const { protocol, port, username, password } = endpoint
  return protocol === 'https:' && port === '' && !username && !password && isPublicHost(endpoint)
}

/** The subscription. Throws a RequestFailure for one whose endpoint is out of reach. */
export function readSubscription(
  subscription: PushSubscription,
  reachable: Reachable,
): PushSubscription {
  const endpoint = URL.parse(subscription.endpoint)
  if (endpoint !== null && reachable(endpoint)) return subscription
  throw new RequestFailure(400, 'The endpoint is not one of a push service.')
}
