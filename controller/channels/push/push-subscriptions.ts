import { createHash } from 'node:crypto'
import type { Kysely, Selectable } from 'kysely'
import { RequestFailure } from '../../api/problem-answer.ts'
import type { Database } from '../../store/database.ts'
import type { PushSubscriptionRow } from '../../store/delivery-tables.ts'
import type { PushSubscription } from './push-subscription.ts'

/** A User by the namespace in which it is written. */
export interface Person {
  readonly namespace: string
  readonly name: string
}

/** A browser of a User, as it is stored. */
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

  /** Adds a browser for somebody who may be several Users. Throws a RequestFailure for too many. */
  async add(people: readonly Person[], { endpoint, keys }: PushSubscription): Promise<void> {
    const known = (await this.of(people)).filter(row => row.endpoint !== endpoint)
    if (known.length >= mostOfOnePerson * people.length) {
      throw new RequestFailure(409, `At most ${mostOfOnePerson} browsers of one person are told.`)
    }
    for (const { namespace, name } of people) {
      const row = {
        id: idOf({ namespace, name }, endpoint),
        ...{ namespace, user_name: name, endpoint },
        ...{ p256dh: keys.p256dh, auth: keys.auth },
        created_at: new Date(this.#now()),
      }
      await this.#db
        .insertInto('push_subscriptions')
        .values(row)
        .onConflict(existing => existing.column('id').doUpdateSet(row))
        .execute()
    }
  }

  /** Whether they had a browser with this endpoint, which is now forgotten. */
  async remove(people: readonly Person[], endpoint: string): Promise<boolean> {
    const ids = people.map(person => idOf(person, endpoint))
    if (ids.length === 0) return false
    const { numDeletedRows } = await this.#db
      .deleteFrom('push_subscriptions')
      .where('id', 'in', ids)
      .executeTakeFirst()
    return numDeletedRows > 0n
  }

  /** Forgets a browser that its push service does not know any more, whosever it was. */
  async prune(endpoint: string): Promise<void> {
    await this.#db.deleteFrom('push_subscriptions').where('endpoint', '=', endpoint).execute()
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

function idOf({ namespace, name }: Person, endpoint: string): string {
  const text = JSON.stringify([namespace, name, endpoint])
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
