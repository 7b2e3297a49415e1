import { randomUUID } from 'node:crypto'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import { ControllerFailure } from '../failure.ts'
import type { Database } from './database.ts'

/** A controller on this store. */
export interface PresentController {
  readonly name: string
  /** The key that it signs with. */
  readonly keyId: string
}

/** Says on the store that this controller is there. */
export interface Presence extends Service {
  /** Every controller that is there, by name. */
  all(): Promise<readonly PresentController[]>
}

export interface PresenceNeeds {
  readonly db: Kysely<Database>
  /** What the controller is called: its pod, or its machine. */
  readonly name: string
  readonly keyId: string
  /** Told when the store does not answer; the next try comes by itself. */
  readonly onFailure: (error: unknown) => void
}

/** Who was not heard of for longer is gone. */
const lifeMs = 30_000
const beatMs = 5000

/** Names the lock under which controllers come: of two that sign with different keys one is first. */
const presenceLock = 0x77726970

/**
 * Joins the controllers on a store. Proxies believe one key: rejects with a ControllerFailure `signing_key_differs`
 * while a controller is there that signs with another; so does `run`, when one came while this process was paused.
 */
export async function joinStore(needs: PresenceNeeds): Promise<Presence> {
  const { db, onFailure } = needs
  const id = randomUUID()
  await beat(needs, id)
  return {
    name: 'presence',
    all: () => present(db),
    async run(signal) {
      while (!signal.aborted) {
        await wait(beatMs, signal)
        if (signal.aborted) break
        await beat(needs, id).catch(error => {
          if (error instanceof ControllerFailure) throw error
          onFailure(error)
        })
      }
      await db.deleteFrom('controllers').where('id', '=', id).execute().catch(onFailure)
    },
  }
}

/** By the clock of the store: those of machines differ. */
const oldest = sql<Date>`now() - ${lifeMs} * interval '1 millisecond'`

async function beat({ db, name, keyId }: PresenceNeeds, id: string): Promise<void> {
  await db.transaction().execute(async db => {
    await sql`select pg_advisory_xact_lock(${presenceLock})`.execute(db)
    await db.deleteFrom('controllers').where('seen_at', '<', oldest).execute()
    await expectSameKey(db, keyId)
    const seen_at = sql<Date>`now()`
    await db
      .insertInto('controllers')
      .values({ id, name, key_id: keyId, seen_at })
      .onConflict(known => known.column('id').doUpdateSet({ seen_at }))
      .execute()
  })
}

async function expectSameKey(db: Transaction<Database>, keyId: string): Promise<void> {
  const other = await db
    .selectFrom('controllers')
    .selectAll()
    .where('key_id', '!=', keyId)
    .executeTakeFirst()
  if (other === undefined) return
  throw new ControllerFailure(
    'signing_key_differs',
    `controller ${other.name} on the same database signs with key ${other.key_id}, and this one with ${keyId}: ` +
      'give all of them one key by --signing-key or WRIT_SIGNING_KEY_FILE; to change it, stop all of them first',
  )
}

async function present(db: Kysely<Database>): Promise<readonly PresentController[]> {
  const rows = await db
    .selectFrom('controllers')
    .select(['name', 'key_id'])
    .where('seen_at', '>=', oldest)
    .orderBy('name')
    .execute()
  return rows.map(({ name, key_id: keyId }) => ({ name, keyId }))
}
