import { type Kysely, sql } from 'kysely'
import type { Database } from '../store/database.ts'
import { dayOf, isNear, makeDay, recordDays } from '../store/record-days.ts'

/** SQLSTATE of a lock that was not had in time. */
const lockNotAvailable = '55P03'

/** Gives days a part of the ledger before the first of their entries is stored. */
export class Days {
  readonly #db: Kysely<Database>
  readonly #now: () => number
  #known: ReadonlySet<string> = new Set()

  constructor(db: Kysely<Database>, now: () => number) {
    this.#db = db
    this.#now = now
  }

  /**
   * Makes what is missing of the days of these instants. A day that is in use gets its part another time: until then its
   * entries are kept with those of other days.
   */
  async expect(times: readonly Date[]): Promise<void> {
    const now = this.#now()
    const near = times.filter(time => isNear(time.getTime(), now))
    const days = new Set(near.map(time => dayOf(time.getTime())))
    const missing = [...days].filter(day => !this.#known.has(day))
    if (missing.length === 0) return
    const there = new Set((await recordDays(this.#db)).map(({ day }) => day))
    const known = new Set(there)
    for (const day of missing) {
      if (there.has(day) || (await this.#made(day))) known.add(day)
    }
    this.#known = known
  }

  async #made(day: string): Promise<boolean> {
    const making = this.#db.transaction().execute(async db => {
      await sql`set local lock_timeout = '1s'`.execute(db)
      await makeDay(db, day)
    })
    return making.then(
      () => true,
      error => {
        if (error?.code === lockNotAvailable) return false
        throw error
      },
    )
  }
}
