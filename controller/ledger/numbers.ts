import { sql, type Transaction } from 'kysely'
import type { Database } from '../store/database.ts'

/** Numbers of a proxy that the ledger does not have, both ends included. */
export interface Gap {
  readonly proxy: string
  readonly from: number
  readonly to: number
}

type Range = Omit<Gap, 'proxy'>

/** Which of sorted numbers are new, after the last number so far and the gaps before it, and the gaps they leave. */
export function numbered(
  seqs: readonly number[],
  last: number,
  gaps: readonly Range[],
): {
  readonly fresh: ReadonlySet<number>
  readonly closed: readonly Range[]
  readonly opened: readonly Range[]
} {
  const fresh = new Set(
    seqs.filter(seq => seq > last || gaps.some(({ from, to }) => from <= seq && seq <= to)),
  )
  const all = [...fresh]
  const touched = gaps.filter(({ from, to }) => all.some(seq => from <= seq && seq <= to))
  const newest = Math.max(last, ...all)
  const behind = newest > last ? [{ from: last + 1, to: newest }] : []
  return {
    fresh,
    closed: touched,
    opened: [...touched, ...behind].flatMap(gap => without(gap, all)),
  }
}

/** What of a range is not among sorted numbers. */
function without({ from, to }: Range, seqs: readonly number[]): readonly Range[] {
  const inside = seqs.filter(seq => from <= seq && seq <= to)
  const starts = [from, ...inside.map(seq => seq + 1)]
  const ends = [...inside.map(seq => seq - 1), to]
  return starts
    .map((start, at) => ({ from: start, to: ends[at] ?? to }))
    .filter(({ from, to }) => from <= to)
}

/** The gaps of a proxy that begin at a number or before it, and end at another or behind it. */
export async function gapsBetween(
  db: Transaction<Database>,
  proxy: string,
  first: number,
  last: number,
): Promise<readonly Range[]> {
  const rows = await db
    .selectFrom('record_gaps')
    .select(['from_seq as from', 'to_seq as to'])
    .where('proxy', '=', proxy)
    .where('from_seq', '<=', last)
    .where('to_seq', '>=', first)
    .execute()
  return rows
}

/** Notes that gaps are there no more, and that others are. */
export async function changeGaps(
  db: Transaction<Database>,
  proxy: string,
  closed: readonly Range[],
  opened: readonly Range[],
): Promise<void> {
  if (closed.length > 0) {
    await db
      .deleteFrom('record_gaps')
      .where('proxy', '=', proxy)
      .where(eb => eb('from_seq', '=', eb.fn.any(eb.val(closed.map(({ from }) => from)))))
      .execute()
  }
  if (opened.length === 0) return
  await sql`
    insert into record_gaps (proxy, from_seq, to_seq)
    select ${proxy}, * from unnest(
      ${opened.map(({ from }) => from)}::bigint[], ${opened.map(({ to }) => to)}::bigint[])`.execute(
    db,
  )
}
