import type { Transaction } from 'kysely'
import { isOwn, isVouchedFor } from '../../records/chain-key.ts'
import { isSignedBy, keyIdOf } from '../../records/statement.ts'
import type { ChainKey, Seal } from '../../schemas/chain.ts'
import type { Database } from '../store/database.ts'
import { type Batch, linkAfter } from './batch.ts'
import type { ChainHead } from './chain-head.ts'
import type { Flaw } from './follow-chain.ts'
import { keepSeal } from './keep-seal.ts'

/** Whose seals are believed, how far they speak, and what is wrong with what a proxy said. */
export interface Believed {
  readonly chainKey: string | null
  readonly sealedSeq: number
  readonly flaws: readonly Flaw[]
}

/**
 * Looks at what a proxy says of its chain, and keeps it. The first key of a proxy is believed; another one only when
 * the one before vouches for it and nothing that is sealed already is to be sealed with it.
 */
export async function believe(
  db: Transaction<Database>,
  head: ChainHead,
  batch: Batch,
  at: Date,
): Promise<Believed> {
  const keys = await believeKeys(db, head, batch, at)
  const current = keys.current
  const seals = await believeSeals(db, { current, sealedSeq: head.sealed_seq }, batch)
  return {
    chainKey: current === null ? null : keyIdOf(current.publicKey),
    sealedSeq: Math.max(head.sealed_seq, ...seals.believed),
    flaws: [...keys.flaws, ...seals.flaws, ...(current === null ? [] : unsealed(head, batch))],
  }
}

async function believeKeys(
  db: Transaction<Database>,
  head: ChainHead,
  { keys }: Batch,
  at: Date,
): Promise<{ readonly current: ChainKey | null; readonly flaws: readonly Flaw[] }> {
  const flaws: Flaw[] = []
  let current: ChainKey | null = head.statement === null ? null : JSON.parse(head.statement)
  for (const key of keys) {
    if (current?.publicKey === key.publicKey) continue
    const believed = isBelieved(key, current, head.sealed_seq)
    const isNew = await keepKey(db, key, believed, at)
    if (believed) current = key
    else if (isNew) flaws.push(unvouched(key))
  }
  return { current, flaws }
}

interface Known {
  readonly current: ChainKey | null
  readonly sealedSeq: number
}

async function believeSeals(
  db: Transaction<Database>,
  { current, sealedSeq }: Known,
  { seals, entries }: Batch,
): Promise<{ readonly believed: readonly number[]; readonly flaws: readonly Flaw[] }> {
  const believed: number[] = []
  const flaws: Flaw[] = []
  for (const seal of seals) {
    const link = entries.find(({ row }) => row.seq === seal.seq)?.link
    const fits = (link ?? (await linkAt(db, seal))) === seal.link
    if (fits) await keepSeal(db, seal)
    if (fits && current !== null && isSignedBy(seal, current.publicKey)) believed.push(seal.seq)
    else if (!(await isExplained(db, seal, fits && seal.seq <= sealedSeq)))
      flaws.push(invalid(seal))
  }
  return { believed, flaws }
}

/** A proxy that has a key seals whatever it hands in. */
function unsealed({ flaw }: ChainHead, { entries, seals }: Batch): readonly Flaw[] {
  const last = entries.at(-1)
  if (seals.length > 0 || last === undefined || flaw === 'unsealed') return []
  const { seq } = last.row
  return [{ seq, code: 'unsealed', detail: `entries up to ${seq} came without a seal` }]
}

function isBelieved(key: ChainKey, current: ChainKey | null, sealedSeq: number): boolean {
  if (!isOwn(key)) return false
  return current === null || (isVouchedFor(key, current.publicKey) && key.from > sealedSeq)
}

/** Whether it is the first time that a key is heard of. One that was not believed may be, later. */
async function keepKey(
  db: Transaction<Database>,
  key: ChainKey,
  believed: boolean,
  at: Date,
): Promise<boolean> {
  const { proxy, from } = key
  const key_id = keyIdOf(key.publicKey)
  const known = await db
    .selectFrom('chain_keys')
    .select('believed')
    .where('proxy', '=', proxy)
    .where('key_id', '=', key_id)
    .executeTakeFirst()
  if (known !== undefined && (known.believed || !believed)) return false
  const stated = { from_seq: from, noted_at: at, believed, statement: JSON.stringify(key) }
  await db
    .insertInto('chain_keys')
    .values({ proxy, key_id, ...stated })
    .onConflict(existing => existing.columns(['proxy', 'key_id']).doUpdateSet(stated))
    .execute()
  return known === undefined
}

/**
 * Whether a seal by another key than the one of now is no news: its key is known and not believed, which was told when
 * the key came; or it is a true one by an earlier key, of a batch that comes again.
 */
async function isExplained(
  db: Transaction<Database>,
  seal: Seal,
  isOld: boolean,
): Promise<boolean> {
  const key = await db
    .selectFrom('chain_keys')
    .select(['believed', 'statement'])
    .where('proxy', '=', seal.proxy)
    .where('key_id', '=', seal.keyId)
    .executeTakeFirst()
  if (key === undefined || !key.believed) return key !== undefined
  return isOld && isSignedBy(seal, JSON.parse(key.statement).publicKey)
}

async function linkAt(db: Transaction<Database>, { proxy, seq }: Seal): Promise<string | null> {
  const kept = await db
    .selectFrom('records')
    .select('entry')
    .where('proxy', '=', proxy)
    .where('seq', '=', seq)
    .executeTakeFirst()
  return kept === undefined ? null : linkAfter(proxy, kept.entry)
}

function unvouched({ keyId, from }: ChainKey): Flaw {
  const detail = `key ${keyId}, from entry ${from} on, is not vouched for by the one before`
  return { seq: from, code: 'key_unvouched', detail }
}

function invalid({ seq, keyId }: Seal): Flaw {
  return { seq, code: 'seal_invalid', detail: `the seal of entry ${seq} by key ${keyId} is wrong` }
}
