import { sql, type Transaction } from 'kysely'
import { genesisOf } from '../../records/chain.ts'
import { headIn } from '../../records/line.ts'
import { linkAfter } from '../ledger/batch.ts'
import type { Database } from '../store/database.ts'

/** Entries of a proxy in sequence that are about to be deleted, by their numbers. */
export interface Run {
  readonly proxy: string
  readonly from: number
  readonly to: number
}

/**
 * Notes what runs of entries leave behind, in the transaction that deletes them: the links before and behind them. With
 * those the chain goes on. A run is cut where the chain was broken, so that a deletion never mends it.
 */
export async function leaveRanges(
  db: Transaction<Database>,
  runs: readonly Run[],
  at: Date,
): Promise<void> {
  for (const [proxy, some] of Map.groupBy(runs, ({ proxy }) => proxy)) {
    const whole = await cutAtFlaws(db, proxy, some)
    for (let i = 0; i < whole.length; i += rangesAtOnce) {
      await leave(db, proxy, whole.slice(i, i + rangesAtOnce), at)
    }
    const count = some.reduce((sum, { from, to }) => sum + to - from + 1, 0)
    await db
      .updateTable('record_counts')
      .set(eb => ({ stored: eb('stored', '-', count) }))
      .where('proxy', '=', proxy)
      .execute()
  }
}

const rangesAtOnce = 1000

async function cutAtFlaws(
  db: Transaction<Database>,
  proxy: string,
  runs: readonly Run[],
): Promise<readonly Run[]> {
  const flaws = await db
    .selectFrom('chain_flaws')
    .select('seq')
    .distinct()
    .where('proxy', '=', proxy)
    .where('seq', '>', Math.min(...runs.map(({ from }) => from)))
    .where('seq', '<=', Math.max(...runs.map(({ to }) => to)))
    .orderBy('seq')
    .execute()
  return runs.flatMap(run => {
    const inside = flaws.map(({ seq }) => seq).filter(seq => run.from < seq && seq <= run.to)
    const starts = [run.from, ...inside]
    return starts.map((from, i) => ({ proxy, from, to: (inside[i] ?? run.to + 1) - 1 }))
  })
}

async function leave(
  db: Transaction<Database>,
  proxy: string,
  runs: readonly Run[],
  at: Date,
): Promise<void> {
  const ends = new Set(runs.flatMap(({ from, to }) => [from, to]))
  const kept = await db
    .selectFrom('records')
    .select(['seq', 'entry'])
    .where('proxy', '=', proxy)
    .where(eb => eb('seq', '=', eb.fn.any(eb.val([...ends]))))
    .execute()
  const lines = new Map(kept.map(({ seq, entry }) => [seq, entry]))
  const rows = runs.map(({ from, to }) => ({
    ...{ proxy, from_seq: from, to_seq: to, pruned_at: at },
    before_link: headIn(lines.get(from) ?? '')?.prev ?? genesisOf(proxy),
    after_link: linkAfter(proxy, lines.get(to) ?? ''),
  }))
  await db.insertInto('pruned_ranges').values(rows).execute()
}

/** Numbers as runs. They are sorted by proxy, then by number. */
export function runsOf(
  entries: readonly { readonly proxy: string; readonly seq: number }[],
): readonly Run[] {
  const runs: { proxy: string; from: number; to: number }[] = []
  for (const { proxy, seq } of entries) {
    const last = runs.at(-1)
    if (last !== undefined && last.proxy === proxy && last.to + 1 === seq) last.to = seq
    else runs.push({ proxy, from: seq, to: seq })
  }
  return runs
}

/** Takes the right to delete, until the transaction ends; false when another controller has it. */
export async function mayDelete(db: Transaction<Database>): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`
    select pg_try_advisory_xact_lock(${deletingLock}) as taken`.execute(db)
  return rows[0]?.taken === true
}

/** Names the lock under which records are deleted. */
const deletingLock = 0x77727264
