import type { Request } from 'express'
import Type from 'typebox'
import type { Directory } from '../../schemas/directory.ts'
import type { NotificationChannelSpec } from '../../schemas/notification-channel.ts'
import { type KnownChannel, knownChannel } from './channel.ts'

/** What the path and the query of an address that a chat calls hold. */
export const ChannelName = Type.Object({
  channel: Type.String({ description: 'Name of the NotificationChannel.' }),
})
export const ChannelNamespace = Type.Object({
  namespace: Type.Optional(Type.String({ description: 'Where it is written; `default`.' })),
})

/**
 * The channel that an address names: by its last part, and the namespace in which it is written by
 * `?namespace=`, `default` when omitted. Null for one of another type.
 */
export function homeChannel(
  directory: (namespace: string) => Directory | null,
  { params, query }: Request,
  type: NotificationChannelSpec['type'],
): KnownChannel | null {
  const { namespace = 'default' } = query
  const name = String(params.channel)
  if (typeof namespace !== 'string' || name.includes('/')) return null
  const people = directory(namespace)
  const channel = people && knownChannel(people, name)
  return channel?.spec.type === type ? channel : null
}
