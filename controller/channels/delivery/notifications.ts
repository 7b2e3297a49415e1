import { type Kysely, type Selectable, sql } from 'kysely'
import type { ApprovalNotificationRow, Database } from '../../store/database.ts'
import type { Address } from './audience.ts'

/** A notification that is being sent; nobody else sends it until its lease is over. */
export type Claimed = Selectable<ApprovalNotificationRow>

/** A notification that is due, and whose channel it needs. */
export interface Due {
  readonly id: number
  /** Namespace and name of the channel. */
  readonly place: string
}

/** What is to be told and has been told, as it is kept in the store. */
export class Notifications {
  readonly #db: Kysely<Database>
  readonly #now: () => number

  constructor(db: Kysely<Database>, now: () => number) {
    this.#db = db
    this.#now = now
  }

  /** Adds what is not there yet; due at once. */
  async add(request: string, addresses: readonly Address[]): Promise<void> {
    if (addresses.length === 0) return
    const next_at = new Date(this.#now())
    await this.#db
      .insertInto('approval_notifications')
      .values(
        addresses.map(address => ({
          request_id: request,
          ...address,
          ...{ state: 'waiting' as const, next_at },
          ...{ error: null, sent_at: null, external_id: null },
        })),
      )
      .onConflict(existing => existing.doNothing())
      .execute()
  }

  /** Gives up what was not sent before the request was over, and tells everybody who may have been told how it ended. */
  async close(request: string): Promise<void> {
    await this.#db.transaction().execute(async db => {
      await db
        .updateTable('approval_notifications')
        .set({
          state: 'failed',
          next_at: null,
          error: 'the question was over before this was sent',
        })
        .where('request_id', '=', request)
        .where('kind', '<>', 'resolved')
        .where('state', '=', 'waiting')
        .where('attempts', '=', 0)
        .execute()
      await sql`
        insert into approval_notifications
          (request_id, channel, kind, recipient, round, state, attempts, next_at)
        select distinct request_id, channel, 'resolved', recipient, 0, 'waiting', 0, ${this.#date()}::timestamptz
        from approval_notifications
        where request_id = ${request} and kind <> 'resolved' and state = 'sent'
        on conflict do nothing`.execute(db)
    })
  }

  /** What is due and not for one of the places, the longest waiting first. */
  async due(most: number, except: readonly string[]): Promise<readonly Due[]> {
    const { rows } = await sql<Due>`
      select n.id, r.namespace || ' ' || n.channel as place
      from approval_notifications n join approval_requests r on r.id = n.request_id
      where n.state = 'waiting' and n.next_at <= ${this.#date()}::timestamptz
        and r.namespace || ' ' || n.channel <> all (${[...except]}::text[])
      order by n.next_at, n.id limit ${most}`.execute(this.#db)
    return rows
  }

  /** Takes those that are still due for `leaseMs`, and counts the try. */
  async claim(ids: readonly number[], leaseMs: number): Promise<readonly Claimed[]> {
    if (ids.length === 0) return []
    return this.#db
      .updateTable('approval_notifications')
      .set(eb => ({
        attempts: eb('attempts', '+', 1),
        next_at: new Date(this.#now() + leaseMs),
      }))
      .where('id', 'in', ids)
      .where('state', '=', 'waiting')
      .where('next_at', '<=', this.#date())
      .returningAll()
      .execute()
  }

  async sent(id: number, externalId: string | null): Promise<void> {
    const done = { next_at: null, error: null, external_id: externalId }
    await this.#set(id, { state: 'sent', sent_at: this.#date(), ...done })
  }

  /** Gives it up. */
  async failed(id: number, error: string): Promise<void> {
    await this.#set(id, { state: 'failed', next_at: null, error })
  }

  /** Tries again at `at`, milliseconds since 1970. */
  async again(id: number, at: number, error: string | null): Promise<void> {
    await this.#set(id, { next_at: new Date(at), ...(error !== null && { error }) })
  }

  /** When the next one is due that is not for one of the places, in milliseconds since 1970; null when none waits. */
  async nextDue(except: readonly string[]): Promise<number | null> {
    const { rows } = await sql<{ next: Date }>`
      select n.next_at as next
      from approval_notifications n join approval_requests r on r.id = n.request_id
      where n.state = 'waiting'
        and r.namespace || ' ' || n.channel <> all (${[...except]}::text[])
      order by n.next_at limit 1`.execute(this.#db)
    return rows[0]?.next.getTime() ?? null
  }

  #date(): Date {
    return new Date(this.#now())
  }

  async #set(
    id: number,
    values: Partial<Omit<Claimed, 'id' | 'request_id' | 'round' | 'kind'>>,
  ): Promise<void> {
    await this.#db.updateTable('approval_notifications').set(values).where('id', '=', id).execute()
  }
}
