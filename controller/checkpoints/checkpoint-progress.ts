import type { Kysely } from 'kysely'
import type { Database } from '../store/database.ts'
import { type Copies, copiesAt } from './keep-copies.ts'
import type { StoredCheckpoints } from './stored-checkpoints.ts'

/** How far checkpoints are. */
export interface CheckpointProgress {
  /** Name of the key that signs them. */
  readonly keyId: string
  readonly newest: { readonly number: number; readonly time: string } | null
  /** Entries that no checkpoint speaks for yet. */
  readonly waiting: number
  /** How far they are published; null where they are not. */
  readonly copies: Copies | null
}

interface ProgressNeeds {
  readonly db: Kysely<Database>
  readonly checkpoints: StoredCheckpoints
  /** Where they are published; null where they are not. */
  readonly place: string | null
}

/** Asks the store how far checkpoints are. */
export async function checkpointProgress({
  db,
  checkpoints,
  place,
}: ProgressNeeds): Promise<CheckpointProgress> {
  const newest = await checkpoints.newest()
  const { entries } = await checkpoints.waiting()
  return {
    keyId: checkpoints.key.id,
    newest: newest && { number: newest.number, time: newest.time.toISOString() },
    waiting: entries,
    copies: place === null ? null : await copiesAt(db, place),
  }
}
