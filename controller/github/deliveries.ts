import { type Kysely, type Selectable, sql } from 'kysely'
import type { ForgeEvent } from '../forge/forge-event.ts'
import type { Database } from '../store/database.ts'
import type { Follower } from '../store/follow-store.ts'
import type { ForgeDeliveryRow } from '../store/forge-tables.ts'

export interface DeliveriesNeeds {
  readonly db: Kysely<Database>
  readonly tell: (event: ForgeEvent) => void
  readonly now: () => number
}

/** A webhook of which it is known who sent it. */
export type Delivery = ForgeEvent & { readonly deliveryId: string }

/** How long GitHub's own record of deliveries goes back, and more: what is older cannot come again by itself. */
const keptMs = 14 * 24 * 3_600_000

const mostAtOnce = 1000

/** Takes each delivery once, however often it is sent and whichever controller on the store gets it. */
export class Deliveries implements Follower {
  readonly channel = 'forge_deliveries'
  readonly #needs: DeliveriesNeeds
  readonly #own = new Set<string>()
  #seen = -1

  constructor(needs: DeliveriesNeeds) {
    this.#needs = needs
  }

  /** Keeps the delivery and tells its event; false for one that was taken before. */
  async take(delivery: Delivery): Promise<boolean> {
    const { db, now, tell } = this.#needs
    const { deliveryId: id, kind, repository, number = null, commentId = null } = delivery
    await db.deleteFrom('forge_deliveries').where('received_at', '<', before(now())).execute()
    const row = { kind, repository, number, comment_id: commentId, received_at: new Date(now()) }
    const { numInsertedOrUpdatedRows: taken = 0n } = await db
      .insertInto('forge_deliveries')
      .values({ id, ...row })
      .onConflict(existing => existing.doNothing())
      .executeTakeFirst()
    if (taken === 0n) return false
    this.#remember(id)
    await sql`select pg_notify(${this.channel}, '')`.execute(db)
    tell(delivery)
    return true
  }

  /** Where the store is not shared nobody looks, and nothing is ever taken out. */
  #remember(id: string): void {
    this.#own.add(id)
    const [oldest] = this.#own
    if (this.#own.size > mostAtOnce && oldest !== undefined) this.#own.delete(oldest)
  }

  /** Tells what other controllers on the store took since the last look; nothing at the first. */
  async look(): Promise<void> {
    const { db, tell } = this.#needs
    if (this.#seen < 0) {
      const { newest } = await db
        .selectFrom('forge_deliveries')
        .select(eb => eb.fn.coalesce(eb.fn.max('seq'), eb.lit(0)).as('newest'))
        .executeTakeFirstOrThrow()
      this.#seen = Number(newest)
      return
    }
    const rows = await db
      .selectFrom('forge_deliveries')
      .selectAll()
      .where('seq', '>', this.#seen)
      .orderBy('seq')
      .limit(mostAtOnce)
      .execute()
    for (const row of rows) {
      this.#seen = row.seq
      if (!this.#own.delete(row.id)) tell(eventOf(row))
    }
  }
}

function before(now: number): Date {
  return new Date(now - keptMs)
}

function eventOf({
  id,
  kind,
  repository,
  number,
  comment_id,
}: Selectable<ForgeDeliveryRow>): ForgeEvent {
  return {
    kind,
    repository,
    ...(number !== null && { number }),
    ...(comment_id !== null && { commentId: comment_id }),
    deliveryId: id,
  }
}
