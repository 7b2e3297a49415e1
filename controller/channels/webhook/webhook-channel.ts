import type { Channel, KnownChannel, Notice, NoticeKind } from '../channel.ts'
import { expectSuccess, httpPost } from '../http-post.ts'
import { type Secrets, secretOf } from '../secrets.ts'
import { webhookAddress } from '../webhook-address.ts'
import { webhookSignature } from './webhook-signature.ts'

interface WebhookNeeds {
  readonly secrets: Secrets
  readonly now: () => number
}

/** Posts requests as JSON to an address, by the conventions of Standard Webhooks. */
export function webhookChannel(needs: WebhookNeeds): Channel {
  return {
    async send(notice, signal) {
      const { channel, id } = notice
      await postSigned(needs, channel, { id, payload: payload(notice) }, signal)
      return id
    },
  }
}

/** Posts a payload under an id to the address of a channel. Rejects with a ChannelFailure. */
export async function postSigned(
  { secrets, now }: WebhookNeeds,
  channel: KnownChannel,
  { id, payload }: { readonly id: string; readonly payload: object },
  signal: AbortSignal,
): Promise<void> {
  const url = await webhookAddress(channel, secrets)
  const body = JSON.stringify(payload)
  const timestamp = Math.floor(now() / 1000)
  const secret = await signingSecret(channel, secrets)
  const headers = {
    ...lowerCased(channel.spec.headers ?? {}),
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    ...(secret !== null && {
      'webhook-signature': webhookSignature({ id, timestamp, body }, secret),
    }),
  }
  expectSuccess(await httpPost(url, { headers, body, signal }))
}

const types: Readonly<Record<NoticeKind, string>> = {
  created: 'approval.created',
  reminder: 'approval.reminder',
  escalation: 'approval.escalated',
  resolved: 'approval.resolved',
}

function payload({ kind, request }: Notice) {
  return {
    type: types[kind],
    timestamp: timeOf(kind, request),
    data: request,
  }
}

/** When it happened; a reminder says what it reminds of. */
function timeOf(kind: NoticeKind, request: Notice['request']): string {
  const { requestedAt, escalatedAt = requestedAt, resolvedAt = requestedAt } = request
  return {
    created: requestedAt,
    reminder: requestedAt,
    escalation: escalatedAt,
    resolved: resolvedAt,
  }[kind]
}

async function signingSecret({ home, spec }: KnownChannel, secrets: Secrets) {
  const { signingSecretRef: ref } = spec
  return ref === undefined ? null : secretOf(secrets, home.namespace, ref)
}

/** The headers that this side writes win over those of the policy, however they are spelled there. */
function lowerCased(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
}
