import { type Selectable, sql, type Transaction } from 'kysely'
import { genesisOf } from '../../records/chain.ts'
import type { ChainTables } from '../store/chain-tables.ts'
import type { Database } from '../store/database.ts'
import type { ChainEnd, Flaw } from './follow-chain.ts'

/** The head of the chain of a proxy, locked until the transaction ends, and what is known besides. */
export interface ChainHead extends Selectable<ChainTables['chain_heads']> {
  /** The believed key as JSON of its ChainKey; null before there is one. */
  readonly statement: string | null
  /** The highest number that ever came; 0 before the first. */
  readonly lastSeq: number
}

/** Takes everything that a proxy wrote: others that do so wait. */
export async function takeHead(db: Transaction<Database>, proxy: string): Promise<ChainHead> {
  const known = await headOf(db, proxy)
  if (known !== undefined) return known
  await db
    .insertInto('chain_heads')
    .values({ proxy, seq: 0, link: genesisOf(proxy), chained: false, sealed_seq: 0 })
    .onConflict(existing => existing.column('proxy').doNothing())
    .execute()
  const made = await headOf(db, proxy)
  if (made === undefined) throw new Error('the head of a chain is gone')
  return made
}

/** What the lock waited for is seen only by a statement that begins after it. */
async function headOf(db: Transaction<Database>, proxy: string): Promise<ChainHead | undefined> {
  const locked = await db
    .selectFrom('chain_heads')
    .select('proxy')
    .where('proxy', '=', proxy)
    .forUpdate()
    .executeTakeFirst()
  if (locked === undefined) return undefined
  return db
    .selectFrom('chain_heads as h')
    .leftJoin('chain_keys as k', on =>
      on.onRef('k.proxy', '=', 'h.proxy').onRef('k.key_id', '=', 'h.chain_key'),
    )
    .leftJoin('record_counts as c', 'c.proxy', 'h.proxy')
    .selectAll('h')
    .select(['k.statement', sql<number>`coalesce(c.last_seq, 0)::float8`.as('lastSeq')])
    .where('h.proxy', '=', proxy)
    .executeTakeFirst()
}

/** What became of the head of a chain. */
export interface MovedHead {
  readonly end: ChainEnd
  readonly chainKey: string | null
  readonly sealedSeq: number
  readonly flaws: readonly Flaw[]
}

/** Keeps where a chain ends now, and what did not fit. */
export async function moveHead(
  db: Transaction<Database>,
  proxy: string,
  { end, chainKey, sealedSeq, flaws }: MovedHead,
  at: Date,
): Promise<void> {
  const { seq, link, chained } = end
  const flaw = flaws.at(-1)?.code
  const said = { chain_key: chainKey, sealed_seq: sealedSeq }
  await db
    .updateTable('chain_heads')
    .set({ seq, link, chained, ...said, ...(flaw && { flaw }) })
    .where('proxy', '=', proxy)
    .execute()
  if (flaws.length === 0) return
  await db
    .insertInto('chain_flaws')
    .values(flaws.map(flaw => ({ ...flaw, proxy, noted_at: at })))
    .execute()
}
