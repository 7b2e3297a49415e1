import { type Kysely, sql, type Transaction } from 'kysely'
import type { StatementKey } from '../../records/statement.ts'
import type { Checkpoint } from '../../schemas/chain.ts'
import { ControllerFailure } from '../failure.ts'
import type { Database } from '../store/database.ts'
import type { CheckpointKeys } from './checkpoint-key.ts'
import {
  keepCheckpoint,
  lockCheckpoints,
  newestCheckpoint,
  newsOf,
  nextKeyId,
} from './make-checkpoint.ts'

export interface StoredCheckpointsNeeds {
  readonly db: Kysely<Database>
  readonly keys: CheckpointKeys
  readonly now: () => number
}

/** What waits for a checkpoint. */
export interface Waiting {
  readonly entries: number
  /** Runs that were deleted. */
  readonly pruned: number
}

/** A checkpoint as it is kept. */
export interface KeptCheckpoint {
  readonly number: number
  readonly time: Date
  /** The Checkpoint as JSON, as it was signed. */
  readonly statement: string
}

/** The checkpoints on a store: one sequence, whichever controller makes the next. */
export class StoredCheckpoints {
  readonly #needs: StoredCheckpointsNeeds

  constructor(needs: StoredCheckpointsNeeds) {
    this.#needs = needs
  }

  /** The key that this controller signs with. */
  get key(): StatementKey {
    return this.#needs.keys.current
  }

  /** Lets the key before vouch for this one where that is due. Fails with `checkpoint_key_differs`. */
  async open(): Promise<void> {
    const { current, previous } = this.#needs.keys
    await this.#locked(async (db, newest) => {
      if (newest === null || nextKeyId(newest) === current.id) return
      if (previous === null) throw differs(nextKeyId(newest))
      const news = { chains: [], pruned: [] }
      if (previous === 'lost') {
        await this.#keep(db, { previous: newest, news, key: current })
      } else if (previous.id === nextKeyId(newest)) {
        const nextKey = current.publicKey
        await this.#keep(db, { previous: newest, news, key: previous, nextKey })
      } else throw differs(nextKeyId(newest))
    })
  }

  /** Makes checkpoints until all that is new is in one. Fails with `checkpoint_key_differs` once another key signs. */
  async make(): Promise<readonly Checkpoint[]> {
    const made: Checkpoint[] = []
    for (let next = await this.#next(); next !== null; next = await this.#next()) made.push(next)
    return made
  }

  async waiting(): Promise<Waiting> {
    const { rows } = await sql<Waiting>`
      select
        (select coalesce(sum(c.seq - coalesce(h.seq, 0)), 0)::bigint from chain_heads c
          left join checkpoint_heads h on h.proxy = c.proxy
          where c.seq > coalesce(h.seq, 0)) as entries,
        (select count(*) from pruned_ranges where checkpoint is null) as pruned`.execute(
      this.#needs.db,
    )
    const [{ entries, pruned } = { entries: 0, pruned: 0 }] = rows
    return { entries: Number(entries), pruned: Number(pruned) }
  }

  /** Those with greater numbers than `after`, in their order. */
  async list(after: number, limit: number): Promise<readonly KeptCheckpoint[]> {
    return this.#needs.db
      .selectFrom('checkpoints')
      .select(['number', 'time', 'statement'])
      .where('number', '>', after)
      .orderBy('number')
      .limit(limit)
      .execute()
  }

  /** The newest; null before the first. */
  async newest(): Promise<KeptCheckpoint | null> {
    const row = await this.#needs.db
      .selectFrom('checkpoints')
      .select(['number', 'time', 'statement'])
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row ?? null
  }

  /** The public key (SPKI, DER in base64) that signed a checkpoint; null when it is not known. */
  async publicKeyOf(keyId: string): Promise<string | null> {
    const { db, keys } = this.#needs
    if (keyId === keys.current.id) return keys.current.publicKey
    const row = await db
      .selectFrom('checkpoint_keys')
      .select('public_key')
      .where('key_id', '=', keyId)
      .executeTakeFirst()
    return row?.public_key ?? null
  }

  async #next(): Promise<Checkpoint | null> {
    const { current } = this.#needs.keys
    return this.#locked(async (db, previous) => {
      const news = await newsOf(db)
      if (news.chains.length + news.pruned.length === 0) return null
      if (previous !== null && nextKeyId(previous) !== current.id)
        throw differs(nextKeyId(previous))
      return this.#keep(db, { previous, news, key: current })
    })
  }

  async #keep(
    db: Transaction<Database>,
    made: Omit<Parameters<typeof keepCheckpoint>[1], 'now'>,
  ): Promise<Checkpoint> {
    return keepCheckpoint(db, { ...made, now: this.#needs.now() })
  }

  async #locked<T>(
    use: (db: Transaction<Database>, newest: Checkpoint | null) => Promise<T>,
  ): Promise<T> {
    return this.#needs.db.transaction().execute(async db => {
      await lockCheckpoints(db)
      return use(db, await newestCheckpoint(db))
    })
  }
}

function differs(keyId: string): ControllerFailure {
  return new ControllerFailure(
    'checkpoint_key_differs',
    `checkpoints on this store are signed with key ${keyId}: give that one as --checkpoint-key, or as --previous-checkpoint-key so that it vouches for the new one`,
  )
}
