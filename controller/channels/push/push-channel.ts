import type { Dispatcher } from 'undici'
import webPush from 'web-push'
import type { ApprovalRequest } from '../../../schemas/approval.ts'
import { type Channel, isAsked, type Notice } from '../channel.ts'
import { ChannelFailure } from '../failure.ts'
import { expectSuccess, httpPost } from '../http-post.ts'
import type { Links } from '../links.ts'
import { cut } from '../printable.ts'
import { outcomeText, questionText } from '../question-text.ts'
import type { Reachable } from './push-subscription.ts'
import type { PushSubscriptions, StoredSubscription } from './push-subscriptions.ts'
import type { VapidKeys } from './vapid-keys.ts'

interface PushNeeds {
  readonly subscriptions: PushSubscriptions
  readonly keys: VapidKeys
  readonly links: Links
  readonly now: () => number
  readonly reachable: Reachable
  readonly dispatcher: Dispatcher
}

/** Tells one browser of a person by Web Push (RFC 8030), encrypted for that browser (RFC 8291). */
export function pushChannel(needs: PushNeeds): Channel {
  return {
    async send(notice, signal) {
      const { request, kind } = notice
      const message = async (stored: StoredSubscription) => ({
        payload: await payload(needs, notice, stored),
        seconds: Math.floor((Date.parse(request.expiresAt) - needs.now()) / 1000),
        urgency: kind === 'resolved' ? ('low' as const) : ('high' as const),
        topic: request.id,
      })
      await pushTo(needs, notice.recipient, message, signal)
      return null
    },
  }
}

interface PushMessage {
  readonly payload: object
  /** How long the push service keeps it; at least a minute. */
  readonly seconds: number
  readonly urgency: 'low' | 'normal' | 'high'
  /** What is not delivered yet is replaced by what comes later under the same topic of at most 32 characters. */
  readonly topic: string
}

/** Pushes a message to the browser with this id. Rejects with a ChannelFailure. */
export async function pushTo(
  needs: Omit<PushNeeds, 'now'>,
  id: string,
  message: (stored: StoredSubscription) => Promise<PushMessage>,
  signal: AbortSignal,
): Promise<void> {
  const { subscriptions, dispatcher, reachable } = needs
  const stored = await subscriptions.get(id)
  const endpoint = URL.parse(stored?.endpoint ?? '')
  if (stored === null || endpoint === null || !reachable(endpoint)) {
    throw new ChannelFailure('gone', 'the browser is not subscribed any more')
  }
  const { headers, body } = await encrypted(needs, stored, await message(stored))
  const answer = await httpPost(endpoint, { headers, body, signal, dispatcher })
  if (answer.status === 404 || answer.status === 410) {
    await subscriptions.prune(stored.endpoint)
    throw new ChannelFailure('gone', 'the push service does not know the browser any more')
  }
  expectSuccess(answer)
}

async function encrypted(
  needs: Pick<PushNeeds, 'keys' | 'links'>,
  { endpoint, p256dh, auth }: StoredSubscription,
  { payload, seconds, urgency, topic }: PushMessage,
) {
  const details = webPush.generateRequestDetails(
    { endpoint, keys: { p256dh, auth } },
    JSON.stringify(payload),
    {
      vapidDetails: { subject: await subjectOf(needs), ...needs.keys },
      TTL: Math.max(60, seconds),
      urgency,
      topic,
      contentEncoding: 'aes128gcm',
    },
  )
  const headers = Object.fromEntries(
    Object.entries(details.headers).map(([name, value]) => [name, String(value)]),
  )
  return { headers, body: details.body ?? Buffer.alloc(0) }
}

/** What the service worker shows; `url` lets the person decide, once, while the request is open. */
async function payload({ links }: PushNeeds, notice: Notice, stored: StoredSubscription) {
  const { kind, request, channel } = notice
  const { title, facts } = questionText(request)
  const over = kind === 'resolved'
  const rule = facts.find(({ name }) => name === 'Rule')?.text ?? 'A call waits for an answer.'
  const user = over ? null : askedUser(request, notice, stored)
  const url = user && (await links.personal(request, user, channel.name))
  return {
    kind,
    id: request.id,
    tag: request.id,
    title,
    body: cut(over ? outcomeText(request) : rule, 300),
    ...(url && { url: url.href }),
    expiresAt: request.expiresAt,
  }
}

/** The name under which the namespace of the request knows the person of a subscription. */
function askedUser(
  request: ApprovalRequest,
  { directory }: Notice,
  { namespace, user_name }: StoredSubscription,
): string {
  const name = namespace === directory.namespace ? user_name : `${namespace}/${user_name}`
  if (isAsked(request, name)) return name
  throw new ChannelFailure('not_asked', `${name} may not decide any more`)
}

/** Push services want to know whom to turn to; not all of them take an address of this machine. */
async function subjectOf({ links }: Pick<PushNeeds, 'links'>): Promise<string> {
  const { protocol, origin } = await links.origin()
  return protocol === 'https:' ? origin : 'mailto:writ@example.invalid'
}
