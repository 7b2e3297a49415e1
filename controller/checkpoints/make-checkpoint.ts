import { sql, type Transaction } from 'kysely'
import {
  keyIdOf,
  type StatementKey,
  signStatement,
  statementDigest,
} from '../../records/statement.ts'
import type { Checkpoint } from '../../schemas/chain.ts'
import type { Database } from '../store/database.ts'

/** What a checkpoint says at most of each kind; more is for the next one. */
const most = 1000

/** Names the lock in PostgreSQL under which checkpoints get their numbers. */
const checkpointLock = 0x77726963

/** Keeps every other controller on the store from making a checkpoint until the transaction ends. */
export async function lockCheckpoints(db: Transaction<Database>): Promise<void> {
  await sql`select pg_advisory_xact_lock(${checkpointLock})`.execute(db)
}

/** The newest checkpoint; null before the first. */
export async function newestCheckpoint(db: Transaction<Database>): Promise<Checkpoint | null> {
  const row = await db
    .selectFrom('checkpoints')
    .select('statement')
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? null : JSON.parse(row.statement)
}

/** Id of the key that signs the next checkpoint: the one that is named as next, else the same again. */
export function nextKeyId({ nextKey, keyId }: Checkpoint): string {
  return nextKey === undefined ? keyId : keyIdOf(nextKey)
}

/** What is new since the checkpoint before. */
interface News {
  readonly chains: Checkpoint['chains']
  readonly pruned: readonly (Checkpoint['pruned'][number] & { readonly id: number })[]
}

/** What has not been in a checkpoint, under the lock. */
export async function newsOf(db: Transaction<Database>): Promise<News> {
  const heads = await db
    .selectFrom('chain_heads as c')
    .leftJoin('checkpoint_heads as h', 'h.proxy', 'c.proxy')
    .select(['c.proxy', 'c.seq', 'c.link', 'c.chain_key'])
    .where(sql<boolean>`c.seq > coalesce(h.seq, 0)`)
    .orderBy('c.proxy')
    .limit(most)
    .execute()
  const pruned = await db
    .selectFrom('pruned_ranges')
    .select(['id', 'proxy', 'from_seq', 'to_seq', 'before_link', 'after_link'])
    .where('checkpoint', 'is', null)
    .orderBy('id')
    .limit(most)
    .execute()
  return {
    chains: heads.map(({ proxy, seq, link, chain_key }) => ({
      ...{ proxy, seq, link },
      ...(chain_key !== null && { chainKey: chain_key }),
    })),
    pruned: pruned.map(({ id, proxy, ...range }) => ({
      ...{ id, proxy, from: range.from_seq, to: range.to_seq },
      ...{ before: range.before_link, after: range.after_link },
    })),
  }
}

/** What a checkpoint is made of. */
export interface Made {
  readonly previous: Checkpoint | null
  readonly news: News
  readonly key: StatementKey
  /** Public key that signs what follows, when it is another. */
  readonly nextKey?: string
  readonly now: number
}

/** Signs and keeps the next checkpoint, under the lock. */
export async function keepCheckpoint(db: Transaction<Database>, made: Made): Promise<Checkpoint> {
  const { previous, news, key, nextKey, now } = made
  const number = (previous?.number ?? 0) + 1
  const checkpoint: Checkpoint = signStatement(
    {
      type: 'writ.checkpoint.v1' as const,
      number,
      previous: previous === null ? null : statementDigest(previous),
      time: new Date(now).toISOString(),
      chains: news.chains,
      pruned: news.pruned.map(({ id: _, ...range }) => range),
      ...(nextKey !== undefined && { nextKey }),
    },
    key,
  )
  await db
    .insertInto('checkpoint_keys')
    .values({ key_id: key.id, public_key: key.publicKey })
    .onConflict(known => known.column('key_id').doNothing())
    .execute()
  await db
    .insertInto('checkpoints')
    .values({
      ...{ number, time: new Date(now), digest: statementDigest(checkpoint), key_id: key.id },
      statement: JSON.stringify(checkpoint),
    })
    .execute()
  await noteNews(db, news, number)
  return checkpoint
}

async function noteNews(db: Transaction<Database>, { chains, pruned }: News, checkpoint: number) {
  if (chains.length > 0) {
    await db
      .insertInto('checkpoint_heads')
      .values(chains.map(({ proxy, seq }) => ({ proxy, seq, checkpoint })))
      .onConflict(known =>
        known.column('proxy').doUpdateSet({
          seq: sql`excluded.seq`,
          checkpoint: sql`excluded.checkpoint`,
        }),
      )
      .execute()
  }
  if (pruned.length === 0) return
  const ids = pruned.map(({ id }) => id)
  await db.updateTable('pruned_ranges').set({ checkpoint }).where('id', 'in', ids).execute()
}
