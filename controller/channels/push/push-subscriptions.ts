import { createHash } from 'node:crypto'
import type { Kysely, Selectable } from 'kysely'
import { RequestFailure } from '../../api/problem-answer.ts'
import type { Database, PushSubscriptionRow } from '../../store/database.ts'
import type { PushSubscription } from './push-subscription.ts'

/** A User by the namespace in which it is written. */
export interface Person {
  readonly namespace: string
  readonly name: string
}

/** A subscription as it is stored. */
export type StoredSubscription = Selectable<PushSubscriptionRow>

const mostOfOnePerson = 20

/** The browsers in which people want to be told. */
export class PushSubscriptions {
  readonly #db: Kysely<Database>
  readonly #now: () => number

  constructor(db: Kysely<Database>, now: () => number) {
    this.#db = db
    this.#now = now
  }

  /**
   * Adds a browser; one that is known goes over to the person who has its keys. Throws a RequestFailure for
   * too many, and for keys that are not those of the browser.
   */
  async add({ namespace, name }: Person, { endpoint, keys }: PushSubscription): Promise<void> {
    const row = {
      id: idOf(endpoint),
      ...{ namespace, user_name: name, endpoint },
      ...{ p256dh: keys.p256dh, auth: keys.auth },
      created_at: new Date(this.#now()),
    }
    const others = (await this.of([{ namespace, name }])).filter(({ id }) => id !== row.id)
    if (others.length >= mostOfOnePerson) {
      throw new RequestFailure(409, `At most ${mostOfOnePerson} browsers of one person are told.`)
    }
    const { numInsertedOrUpdatedRows } = await this.#db
      .insertInto('push_subscriptions')
      .values(row)
      .onConflict(existing =>
        existing
          .column('id')
          .doUpdateSet(row)
          .where('push_subscriptions.auth', '=', row.auth)
          .where('push_subscriptions.p256dh', '=', row.p256dh),
      )
      .executeTakeFirstOrThrow()
    if (numInsertedOrUpdatedRows === 0n) {
      throw new RequestFailure(409, 'The browser is known by other keys.')
    }
  }

  /** Whether the person had a browser with this endpoint, which is now forgotten. */
  async remove({ namespace, name }: Person, endpoint: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom('push_subscriptions')
      .where('id', '=', idOf(endpoint))
      .where('namespace', '=', namespace)
      .where('user_name', '=', name)
      .executeTakeFirst()
    return numDeletedRows > 0n
  }

  /** Forgets a browser that its push service does not know any more. */
  async prune(id: string): Promise<void> {
    await this.#db.deleteFrom('push_subscriptions').where('id', '=', id).execute()
  }

  async get(id: string): Promise<StoredSubscription | null> {
    const query = this.#db.selectFrom('push_subscriptions').selectAll().where('id', '=', id)
    return (await query.executeTakeFirst()) ?? null
  }

  /** Browsers of people, oldest first. */
  async of(people: readonly Person[]): Promise<readonly StoredSubscription[]> {
    if (people.length === 0) return []
    return this.#db
      .selectFrom('push_subscriptions')
      .selectAll()
      .where(({ eb, or }) =>
        or(people.map(({ namespace, name }) => eb.and({ namespace, user_name: name }))),
      )
      .orderBy('created_at')
      .orderBy('id')
      .execute()
  }
}

function idOf(endpoint: string): string {
  return createHash('sha256').update(endpoint).digest('hex').slice(0, 32)
}
