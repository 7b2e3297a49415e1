import { randomUUID } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import type { Database } from '../store/database.ts'
import type { Claim } from './turns.ts'

/** How often somebody who waits asks again. */
const askMs = 100

const renewMs = 5000

/** What a process that ended left behind is free after so long. */
const heldUntil = sql<Date>`now() + interval '30 seconds'`

/**
 * Claims changes in the store, so that of several controllers one at a time looks at a change or answers it: the one
 * that looked first would otherwise say last how it stands. Not reentrant.
 */
export function claimChange(db: Kysely<Database>): Claim<number> {
  const holder = randomUUID()
  return async (change, signal) => {
    const mine = { change_number: change, holder }
    signal.throwIfAborted()
    while (!(await isTaken(db, mine))) await after(askMs, undefined, { signal })
    const renewing = setInterval(() => renew(db, mine).catch(() => undefined), renewMs)
    return async () => {
      clearInterval(renewing)
      // It ends by itself when this fails.
      await release(db, mine).catch(() => undefined)
    }
  }
}

interface Mine {
  readonly change_number: number
  readonly holder: string
}

async function isTaken(db: Kysely<Database>, mine: Mine): Promise<boolean> {
  const row = await db
    .insertInto('review_turns')
    .values({ ...mine, held_until: heldUntil })
    .onConflict(held =>
      held
        .column('change_number')
        .doUpdateSet({ ...mine, held_until: heldUntil })
        .where('review_turns.held_until', '<', sql<Date>`now()`),
    )
    .returning('holder')
    .executeTakeFirst()
  return row !== undefined
}

async function renew(db: Kysely<Database>, { change_number, holder }: Mine): Promise<void> {
  await db
    .updateTable('review_turns')
    .set({ held_until: heldUntil })
    .where('change_number', '=', change_number)
    .where('holder', '=', holder)
    .execute()
}

async function release(db: Kysely<Database>, { change_number, holder }: Mine): Promise<void> {
  await db
    .deleteFrom('review_turns')
    .where('change_number', '=', change_number)
    .where('holder', '=', holder)
    .execute()
}
