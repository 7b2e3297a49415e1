import type { Kysely } from 'kysely'
import type { Database } from '../store/database.ts'
import type { HaltEventRow } from '../store/halt-tables.ts'

/** Who does something, as the API verified it. */
export interface HaltActor {
  /** The User; empty for the admin token that stands for nobody. */
  readonly user: string
  readonly identity: string
}

/** The columns of an event that say who did it. */
export function actorIn({ user, identity }: HaltActor) {
  return { by_name: user || identity, identity }
}

/** Writes down what happened to a halt. */
export async function noteHalt(
  db: Kysely<Database>,
  event: Omit<HaltEventRow, 'id'>,
): Promise<void> {
  await db.insertInto('halt_events').values(event).execute()
}
