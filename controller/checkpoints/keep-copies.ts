import type { Kysely } from 'kysely'
import { backoff } from '../../lifecycle/backoff.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import { GitFailure } from '../git/failure.ts'
import { refusalOf } from '../git/refusal.ts'
import type { Database } from '../store/database.ts'
import type { CheckpointLog } from './checkpoint-log.ts'
import { CheckpointLogFailure } from './failure.ts'
import type { StoredCheckpoints } from './stored-checkpoints.ts'

export interface KeepCopiesNeeds {
  readonly db: Kysely<Database>
  readonly checkpoints: StoredCheckpoints
  readonly log: CheckpointLog
  /** Name of where they are published, without credentials. */
  readonly place: string
  readonly now: () => number
  /** Told of every failure; the next try comes by itself. */
  readonly onFailure: (failure: string) => void
}

/** How far checkpoints are published. */
export interface Copies {
  readonly place: string
  /** The newest that is there; 0 for none. */
  readonly number: number
  readonly publishedAt: string | null
  /** Why the last attempt failed; null when it did not. */
  readonly failure: string | null
}

const lookEveryMs = 10_000
const longestWaitMs = 600_000

/** Publishes checkpoints as they are made. */
export function keepCopies(needs: KeepCopiesNeeds): Service {
  return {
    name: 'copies of checkpoints',
    async run(signal) {
      const waits = backoff(lookEveryMs, longestWaitMs)
      while (!signal.aborted) {
        const failure = await attempt(needs, signal)
        if (signal.aborted) return
        if (failure === null) waits.reset()
        else needs.onFailure(failure)
        await wait(failure === null ? lookEveryMs : waits.next(), signal)
      }
    },
  }
}

/** How far checkpoints are published at a place. */
export async function copiesAt(db: Kysely<Database>, place: string): Promise<Copies> {
  const row = await db
    .selectFrom('checkpoint_copies')
    .selectAll()
    .where('place', '=', place)
    .executeTakeFirst()
  const { number = 0, published_at = null, failure = null } = row ?? {}
  return { place, number, publishedAt: published_at?.toISOString() ?? null, failure }
}

/** What went wrong; null when everything is published. */
async function attempt(needs: KeepCopiesNeeds, signal: AbortSignal): Promise<string | null> {
  const { db, checkpoints, log, place, now } = needs
  try {
    const newest = await checkpoints.newest()
    const known = await copiesAt(db, place)
    if (newest === null || (known.number >= newest.number && known.failure === null)) return null
    // Another controller may publish at the same moment; what it did is seen at the second try.
    const number = await log.publish(signal).catch(() => log.publish(signal))
    await note(db, { place, number, published_at: new Date(now()), failure: null })
    return null
  } catch (error) {
    const failure = reasonOf(error)
    if (!signal.aborted) await note(db, { place, failure }).catch(() => undefined)
    return failure
  }
}

interface Noted {
  readonly place: string
  readonly number?: number
  readonly published_at?: Date
  readonly failure: string | null
}

async function note(db: Kysely<Database>, { place, ...noted }: Noted): Promise<void> {
  await db
    .insertInto('checkpoint_copies')
    .values({ place, number: 0, published_at: null, ...noted })
    .onConflict(known => known.column('place').doUpdateSet(noted))
    .execute()
}

/** A sentence for people; what git said is made printable and short. */
function reasonOf(error: unknown): string {
  if (error instanceof CheckpointLogFailure) return error.message
  if (error instanceof GitFailure) return refusalOf(error).message
  return 'the store does not answer'
}
