import { milliseconds } from '../../policy/compile/milliseconds.ts'
import type { Directory } from '../../schemas/directory.ts'
import { knownChannel } from '../channels/channel.ts'
import type { Secrets } from '../channels/secrets.ts'
import type { ForgePlace } from './forge-of.ts'

type Reference = Parameters<Secrets>[1]

/** A repository at GitHub that something in force names. */
export interface Watched {
  readonly place: ForgePlace
  /** Where its secrets are kept. */
  readonly namespace: string
  /** The branch whose changes are reviewed; null where people only answer questions. */
  readonly branch: string | null
  /** How often it is looked at. */
  readonly intervalMs: number
  /** The secret shared with its webhooks. */
  readonly webhookSecretRef: Reference | null
}

/** Somebody waits for the answer, perhaps at a controller that no webhook reaches. */
const channelIntervalMs = 15_000

/** Every repository that a PolicySource or a NotificationChannel in force names, in the order of the directories. */
export function watched(directories: readonly Directory[]): readonly Watched[] {
  return directories.flatMap(directory => [...ofSources(directory), ...ofChannels(directory)])
}

/** Address of the API of a place, written in one way; what is no address stays as it is written. */
export function originOf({
  apiUrl = 'https://api.github.com',
}: Pick<ForgePlace, 'apiUrl'>): string {
  return (URL.parse(apiUrl)?.href ?? apiUrl).replace(/\/+$/, '')
}

function ofSources({ namespace, sources = [] }: Directory): readonly Watched[] {
  return sources.flatMap(({ spec }) => {
    const { forge: place, branch = 'main', interval = '1m', webhookSecretRef = null } = spec
    if (place === undefined) return []
    return [{ place, namespace, branch, intervalMs: milliseconds(interval), webhookSecretRef }]
  })
}

/** A channel that several namespaces use is watched once, where it is written. */
function ofChannels(directory: Directory): readonly Watched[] {
  return directory.channels.flatMap(({ name, spec }) => {
    const { type, repository, secretRef, apiUrl, signingSecretRef = null } = spec
    const home = knownChannel(directory, name)?.home
    if (type !== 'github' || repository === undefined || home === undefined) return []
    const place = {
      repository,
      ...(secretRef !== undefined && { secretRef }),
      ...(apiUrl !== undefined && { apiUrl }),
    }
    return [
      {
        ...{ place, namespace: home.namespace, branch: null, intervalMs: channelIntervalMs },
        webhookSecretRef: signingSecretRef,
      },
    ]
  })
}
