import type { Directory } from '../../schemas/directory.ts'
import type { NotificationChannelSpec } from '../../schemas/notification-channel.ts'
import type { PolicyForge } from '../../schemas/policy-source.ts'
import { type KnownChannel, knownChannel } from '../channels/channel.ts'
import { originOf } from '../github/watched.ts'

/** A repository at a forge that somebody in force has named, with the credentials to ask there. */
export interface ForgePlace {
  /** Address of the API; ids and names are unique there. */
  readonly origin: string
  readonly repository: string
  /** Where the credentials are kept. */
  readonly namespace: string
  readonly forge: PolicyForge
}

/** Every repository that policies are reviewed in or calls are asked about, once for each way to ask there. */
export function forgePlaces(directories: readonly Directory[]): readonly ForgePlace[] {
  const places = directories.flatMap(directory => [
    ...ofSources(directory),
    ...ofChannels(directory),
  ])
  return [...new Map(places.map(place => [keyOf(place), place])).values()]
}

/** Two with one key are asked in the same way. */
export function keyOf({ origin, repository, namespace, forge }: ForgePlace): string {
  const credentials = forge.secretRef ?? forge.app
  return JSON.stringify([origin, repository.toLowerCase(), namespace, credentials])
}

function ofSources({ namespace, sources = [] }: Directory): readonly ForgePlace[] {
  return sources.flatMap(({ spec }) => (spec.forge ? [placeOf(namespace, spec.forge)] : []))
}

function ofChannels(directory: Directory): readonly ForgePlace[] {
  return directory.channels.flatMap(({ name }) => {
    const channel = knownChannel(directory, name)
    return (channel && channelPlace(channel)) ?? []
  })
}

/** Where a channel asks; null for one that is not of type github, or lacks what it needs. */
export function channelPlace({ home, spec }: KnownChannel): ForgePlace | null {
  const forge = forgeOfChannel(spec)
  return forge === null ? null : placeOf(home.namespace, forge)
}

/** Whether two are the same repository; names of GitHub do not tell capitals from small letters. */
export function isSamePlace(
  a: Pick<ForgePlace, 'origin' | 'repository'>,
  b: Pick<ForgePlace, 'origin' | 'repository'>,
): boolean {
  return a.origin === b.origin && a.repository.toLowerCase() === b.repository.toLowerCase()
}

function placeOf(namespace: string, forge: PolicyForge): ForgePlace {
  return { origin: originOf(forge), repository: forge.repository, namespace, forge }
}

function forgeOfChannel(spec: NotificationChannelSpec): PolicyForge | null {
  const { type, repository, secretRef, apiUrl } = spec
  if (type !== 'github' || repository === undefined || secretRef === undefined) return null
  return { type, repository, secretRef, ...(apiUrl !== undefined && { apiUrl }) }
}
