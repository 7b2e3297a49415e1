import type { Transaction } from 'kysely'
import type { Database } from '../store/database.ts'
import { type Batch, type ChainedRow, conflict, linkAfter } from './batch.ts'
import { believe } from './believe.ts'
import { type ChainHead, moveHead, takeHead } from './chain-head.ts'
import { endAt, type Flaw, flawBetween, followChain, summed } from './follow-chain.ts'
import { insertRows } from './insert-rows.ts'
import { changeGaps, gapsBetween, numbered } from './numbers.ts'
import type { NewRow } from './row.ts'

/** What of a batch is new, and what of it does not fit in the chain. */
export interface StoredBatch {
  readonly fresh: readonly NewRow[]
  readonly flaws: readonly Flaw[]
}

/**
 * Keeps what is new in a batch of one proxy. Everything of that proxy is locked until the transaction ends, which is
 * what makes its numbers unique: parts of the ledger hold days, and none of them can see the others.
 */
export async function storeBatch(
  db: Transaction<Database>,
  batch: Batch,
  at: Date,
): Promise<StoredBatch> {
  const { proxy, entries } = batch
  const head = await takeHead(db, proxy)
  const seqs = entries.map(({ row }) => row.seq)
  const [first = 0] = seqs
  const isAhead = first > head.lastSeq
  const gaps = isAhead ? [] : await gapsBetween(db, proxy, first, seqs.at(-1) ?? 0)
  const { fresh: numbers, closed, opened } = numbered(seqs, head.lastSeq, gaps)
  const isFresh = ({ row }: ChainedRow) => numbers.has(row.seq)
  await expectSame(
    db,
    entries.filter(one => !isFresh(one)).map(({ row }) => row),
  )
  const fresh = entries.filter(isFresh)
  const rows = fresh.map(({ row }) => row)
  await insertRows(db, rows)
  await count(db, proxy, rows.length, Math.max(head.lastSeq, ...seqs))
  await changeGaps(db, proxy, closed, opened)
  const flaws = await chain(db, head, { ...batch, entries }, fresh, at)
  return { fresh: rows, flaws }
}

async function chain(
  db: Transaction<Database>,
  head: ChainHead,
  batch: Batch,
  fresh: readonly ChainedRow[],
  at: Date,
): Promise<readonly Flaw[]> {
  const late = fresh.filter(({ row }) => row.seq < head.seq)
  const next = fresh.filter(({ row }) => row.seq > head.seq)
  const { end, flaws } = followChain(head, next)
  const found = [...flaws, ...(await lateFlaws(db, late))]
  const { chainKey, sealedSeq, flaws: doubts } = await believe(db, head, batch, at)
  const all = summed([...found, ...doubts])
  await moveHead(db, batch.proxy, { end, chainKey, sealedSeq, flaws: all }, at)
  return all
}

/** Entries that fill a gap have to fit what is kept on either side of them. */
async function lateFlaws(
  db: Transaction<Database>,
  late: readonly ChainedRow[],
): Promise<readonly Flaw[]> {
  const [first] = late
  if (first === undefined) return []
  const beside = new Set(late.flatMap(({ row }) => [row.seq - 1, row.seq + 1]))
  const kept = await db
    .selectFrom('records')
    .select(['seq', 'entry'])
    .where('proxy', '=', first.row.proxy)
    .where(eb => eb('seq', '=', eb.fn.any(eb.val([...beside]))))
    .execute()
  const links = new Map(kept.map(({ seq, entry }) => [seq, linkAfter(first.row.proxy, entry)]))
  return late.flatMap(one => {
    const link = links.get(one.row.seq - 1)
    if (link === undefined) return []
    const flaw = flawBetween({ ...endAt(one), seq: one.row.seq - 1, link }, one)
    return flaw === null ? [] : [flaw]
  })
}

/** A repeated entry has to be the one that is kept; one that retention deleted is not looked at. */
async function expectSame(db: Transaction<Database>, rows: readonly NewRow[]): Promise<void> {
  const [first] = rows
  if (first === undefined) return
  const digests = new Map(rows.map(({ seq, entry_digest }) => [seq, entry_digest]))
  const times = rows.map(({ time }) => new Date(time).getTime())
  const seqs = [...digests.keys()]
  const kept = db
    .selectFrom('records')
    .select(['seq', 'entry_digest'])
    .where('proxy', '=', first.proxy)
    .where(eb => eb('seq', '=', eb.fn.any(eb.val(seqs))))
  // The parts of the days that they name, and all others only for what is not there.
  const near = await kept
    .where('time', '>=', new Date(Math.min(...times)))
    .where('time', '<=', new Date(Math.max(...times)))
    .execute()
  const found = near.length === seqs.length ? near : await kept.execute()
  if (found.some(({ seq, entry_digest }) => digests.get(seq) !== entry_digest)) throw conflict()
}

async function count(
  db: Transaction<Database>,
  proxy: string,
  stored: number,
  last_seq: number,
): Promise<void> {
  await db
    .insertInto('record_counts')
    .values({ proxy, stored, last_seq })
    .onConflict(existing =>
      existing.column('proxy').doUpdateSet(eb => ({
        stored: eb('record_counts.stored', '+', stored),
        last_seq,
      })),
    )
    .execute()
}
