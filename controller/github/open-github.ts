import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Service } from '../../lifecycle/run.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { Route } from '../api/route.ts'
import type { Secrets } from '../channels/secrets.ts'
import type { Forge } from '../forge/forge.ts'
import { type ForgeEvent, type ForgeEvents, forgeEvents } from '../forge/forge-event.ts'
import type { Database } from '../store/database.ts'
import type { Follower } from '../store/follow-store.ts'
import { Deliveries } from './deliveries.ts'
import { type ForgePlace, forgeOf } from './forge-of.ts'
import { lookForMissed } from './look-for-missed.ts'
import { watched } from './watched.ts'
import { githubWebhookRoute } from './webhook-route.ts'

export interface OpenGithubNeeds {
  readonly db: Kysely<Database>
  /** Those in force. */
  readonly directories: { all(): readonly Directory[] }
  readonly secrets: Secrets
  readonly now: () => number
  readonly log: {
    warn(fields: object, message: string): void
    error(fields: object, message: string): void
  }
}

/** What happens in the repositories that something in force names, and the way to speak there. */
export interface OpenGithub {
  readonly events: ForgeEvents
  /** The forge of a place with the secrets of a namespace. */
  open(namespace: string, place: ForgePlace): Forge
  /** Tells an event here and to all other controllers on the store. */
  tellAll(event: Omit<ForgeEvent, 'deliveryId'>): Promise<void>
  readonly routes: readonly Route[]
  readonly services: readonly Service[]
  /** Hears of webhooks that other controllers on the store got. */
  readonly follower: Follower
}

/** Joins webhooks, and looks for what they missed, to one stream of events. */
export function openGithub(needs: OpenGithubNeeds): OpenGithub {
  const { db, directories, secrets, now, log } = needs
  const events = forgeEvents(error => log.error({ err: error }, 'event of a forge not heard'))
  const open = (namespace: string, place: ForgePlace) => forgeOf(place, { namespace, secrets, now })
  const known = () => watched(directories.all())
  const deliveries = new Deliveries({ db, now, tell: events.tell })
  return {
    events,
    open,
    async tellAll(event) {
      await deliveries.take({ ...event, deliveryId: randomUUID() })
    },
    follower: deliveries,
    routes: [githubWebhookRoute({ watched: known, deliveries, secrets, now, log })],
    services: [
      lookForMissed({
        ...{ db, now, log, watched: known, tell: events.tell },
        open: ({ namespace, place }) => open(namespace, place),
      }),
    ],
  }
}
