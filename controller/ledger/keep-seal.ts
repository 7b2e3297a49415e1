import type { Transaction } from 'kysely'
import type { Seal } from '../../schemas/chain.ts'
import type { Database } from '../store/database.ts'

/** Seals that are kept are not further apart, unless they came so. */
const apart = { entries: 1000, ms: 600_000 } as const

/**
 * Keeps a seal. Each speaks for everything before it, so that of those that are close to each other the newest is
 * kept: with the one before it at most so many entries or so much time lie between two.
 */
export async function keepSeal(db: Transaction<Database>, seal: Seal): Promise<void> {
  const { proxy, seq, keyId } = seal
  const kept = await db
    .selectFrom('chain_seals')
    .select(['seq', 'time', 'key_id'])
    .where('proxy', '=', proxy)
    .orderBy('seq', 'desc')
    .limit(2)
    .execute()
  const [newest, before] = kept
  if (newest !== undefined && newest.seq >= seq && newest.key_id === keyId) return
  const time = new Date(seal.time)
  if (newest !== undefined && before !== undefined && newest.key_id === keyId && newest.seq < seq) {
    const isClose =
      seq - before.seq <= apart.entries && time.getTime() - before.time.getTime() <= apart.ms
    if (isClose && before.key_id === keyId) {
      await db
        .deleteFrom('chain_seals')
        .where('proxy', '=', proxy)
        .where('seq', '=', newest.seq)
        .where('key_id', '=', keyId)
        .execute()
    }
  }
  await db
    .insertInto('chain_seals')
    .values({ proxy, seq, time, key_id: keyId, statement: JSON.stringify(seal) })
    .onConflict(existing => existing.columns(['proxy', 'seq', 'key_id']).doNothing())
    .execute()
}
