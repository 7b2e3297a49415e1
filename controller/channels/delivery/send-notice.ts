import { createHash } from 'node:crypto'
import type { ApprovalRequest } from '../../../schemas/approval.ts'
import type { Directory } from '../../../schemas/directory.ts'
import type { NotificationChannelSpec } from '../../../schemas/notification-channel.ts'
import { type Channel, knownChannel, type Notice } from '../channel.ts'
import { ChannelFailure } from '../failure.ts'
import type { Claimed } from './notifications.ts'

/** The channels there are, by type. */
export type Channels = { readonly [Type in NotificationChannelSpec['type']]: Channel }

interface SendNeeds {
  readonly channels: Channels
  readonly get: (id: string) => Promise<ApprovalRequest | null>
  readonly directory: (namespace: string) => Directory | null
  readonly timeoutMs: number
}

/**
 * Sends one notification as things stand now; settles within `timeoutMs`. Returns what names the message
 * there. Rejects with a ChannelFailure.
 */
export async function sendNotice(
  { channels, get, directory, timeoutMs }: SendNeeds,
  row: Claimed,
  signal: AbortSignal,
): Promise<string | null> {
  const request = await get(row.request_id)
  const people = request && directory(request.namespace)
  const channel = people && knownChannel(people, row.channel)
  if (request === null || people === null || channel === null) {
    throw new ChannelFailure('unavailable', 'the channel is not there any more')
  }
  if (row.kind !== 'resolved' && request.state !== 'pending') {
    throw new ChannelFailure('not_asked', 'the question was over before this was sent')
  }
  const { kind, recipient } = row
  const notice: Notice = {
    ...{ id: idOf(row), kind, channel, recipient },
    ...{ request, directory: people },
  }
  return within(timeoutMs, signal, late => channels[channel.spec.type].send(notice, late))
}

/** A channel that does not listen to its signal is left behind all the same. */
async function within<T>(
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const late = AbortSignal.timeout(ms)
  const either = AbortSignal.any([signal, late])
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(either.reason)
  either.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work(either), promise])
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error
    throw new ChannelFailure('unreachable', `there was no answer within ${ms / 1000} s`)
  } finally {
    either.removeEventListener('abort', onAbort)
  }
}

/** The same at every try and on every machine. */
function idOf({ request_id, channel, kind, recipient, round }: Claimed): string {
  const text = JSON.stringify([request_id, channel, kind, recipient, round])
  return `msg_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
}
