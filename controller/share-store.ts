import { hostname } from 'node:os'
import type { Kysely } from 'kysely'
import type { Service } from '../lifecycle/run.ts'
import type { Database } from './store/database.ts'
import { type Follower, followStore } from './store/follow-store.ts'
import { joinStore, type PresentController } from './store/presence.ts'

export interface ShareStoreNeeds {
  readonly db: Kysely<Database>
  /** URL of the PostgreSQL; an embedded database is not shared. */
  readonly databaseUrl?: string
  /** What the controller is called; the name of its machine when omitted. */
  readonly identity?: string
  readonly keyId: string
  readonly log: { warn(fields: object, message: string): void }
}

/** A store that other controllers may use as well. */
export interface SharedStore {
  /** Every controller on the store; none when it is not shared. */
  controllers(): Promise<readonly PresentController[]>
  /** What keeps followers up with the others. */
  services(followers: readonly Follower[]): readonly Service[]
}

/** Joins the other controllers on a store, before anything is signed. Rejects with a ControllerFailure `signing_key_differs` when they sign with another key. */
export async function shareStore(needs: ShareStoreNeeds): Promise<SharedStore> {
  const { db, databaseUrl, identity = hostname(), keyId, log } = needs
  if (databaseUrl === undefined) return { controllers: async () => [], services: () => [] }
  const onFailure = (error: unknown) =>
    log.warn({ err: error }, 'other controllers on the store not heard')
  const presence = await joinStore({ db, name: identity, keyId, onFailure })
  return {
    controllers: presence.all,
    services: followers => [presence, followStore({ databaseUrl, followers, onFailure })],
  }
}
