import type { ApprovalRequest } from '../../schemas/approval.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { NotificationChannelSpec } from '../../schemas/notification-channel.ts'

/** Why people are told. */
export type NoticeKind = 'created' | 'reminder' | 'escalation' | 'resolved'

/** A channel as a namespace knows it. */
export interface KnownChannel {
  /** Name in the namespace that asks; `namespace/name` when another one lends it. */
  readonly name: string
  /** Where it is written, and where its secrets are kept. */
  readonly home: { readonly namespace: string; readonly name: string }
  readonly spec: NotificationChannelSpec
}

/** One thing to tell one recipient through one channel. */
export interface Notice {
  /** The same at every try, and of no other notice. */
  readonly id: string
  readonly kind: NoticeKind
  readonly channel: KnownChannel
  /** Whom: a User, an address, a subscription; empty for a channel that is one place. */
  readonly recipient: string
  readonly request: ApprovalRequest
  /** People and channels of the namespace of the request, as they are in force. */
  readonly directory: Directory
}

/** Tells people in one kind of place. */
export interface Channel {
  /**
   * Sends one notice; settles when the place has taken it. Rejects with a ChannelFailure, or when the
   * signal aborts. What it returns names the message there.
   */
  send(notice: Notice, signal: AbortSignal): Promise<string | null>
}

/** The channel of a directory by name, or null. */
export function knownChannel(directory: Directory, name: string): KnownChannel | null {
  const entry = directory.channels.find(channel => channel.name === name)
  return entry ? { name, home: homeOf(directory.namespace, name), spec: entry.spec } : null
}

/** Where something is written that a namespace knows by the name: what another one lends is `namespace/name`. */
export function homeOf(namespace: string, name: string): KnownChannel['home'] {
  const slash = name.indexOf('/')
  return slash < 0
    ? { namespace, name }
    : { namespace: name.slice(0, slash), name: name.slice(slash + 1) }
}

/** Whether a User may still decide; for who may not there is nothing to answer. */
export function isAsked({ workflows }: ApprovalRequest, user: string): boolean {
  return workflows.some(({ mayDecide }) => mayDecide.includes(user))
}
