import { type Kysely, sql } from 'kysely'
import { headIn } from '../../records/line.ts'
import { type Filter, narrowed } from '../ledger/filter.ts'
import type { Database } from '../store/database.ts'
import type { Part } from './export-parts.ts'

/** An entry of a part: its line when it is shown, else its digest. */
export interface PlacedEntry {
  readonly seq: number
  /** Beginning of the line. */
  readonly head: string
  /** SHA-256 of the line, base64url. */
  readonly digest: string
  /** Null for an entry that is left out. */
  readonly line: string | null
}

const entriesAtOnce = 1000
/** Agents choose how large their arguments are; a page stays near this many bytes. */
const bytesAtOnce = 4 * 1024 * 1024
const headBytes = 256

/** The entries of a part in the order of their numbers, some at a time. */
export async function* entryPages(
  db: Kysely<Database>,
  { proxy, from, to }: Part,
  filter: Filter,
): AsyncGenerator<readonly PlacedEntry[]> {
  let next = from
  for (;;) {
    const found = await db
      .selectFrom('records')
      .select(['seq', 'entry_digest', sql<number>`octet_length(entry)`.as('size')])
      .select(sql<string>`left(entry, ${sql.lit(headBytes)})`.as('head'))
      .where('proxy', '=', proxy)
      .where('seq', '>=', next)
      .where('seq', '<=', to)
      .orderBy('seq')
      .limit(entriesAtOnce)
      .execute()
    const rows = found.slice(0, howManyFit(found.map(({ size }) => size)))
    const last = rows.at(-1)
    if (last === undefined) return
    const lines = await linesOf(db, { proxy, from: next, to: last.seq }, filter)
    const more = await linesAt(db, proxy, neededAnyway(rows, lines))
    yield rows.map(({ seq, head, entry_digest }) => ({
      ...{ seq, head, line: lines.get(seq) ?? more.get(seq) ?? null },
      digest: Buffer.from(entry_digest, 'hex').toString('base64url'),
    }))
    next = last.seq + 1
  }
}

async function linesOf(
  db: Kysely<Database>,
  { proxy, from, to }: Part,
  filter: Filter,
): Promise<ReadonlyMap<number, string>> {
  const inside = db
    .selectFrom('records')
    .select(['records.seq', 'records.entry'])
    .where('records.proxy', '=', proxy)
    .where('records.seq', '>=', from)
    .where('records.seq', '<=', to)
  const rows = await narrowed(inside, filter).execute()
  return new Map(rows.map(({ seq, entry }) => [seq, entry]))
}

/**
 * Numbers of entries without a link that are shown whatever the filter says: the last ones before entries with a link, which
 * cannot be left out by digest.
 */
function neededAnyway(
  rows: readonly { readonly seq: number; readonly head: string }[],
  shown: ReadonlyMap<number, string>,
): readonly number[] {
  const isChained = (head: string) => headIn(head)?.prev != null
  return rows.flatMap(({ seq, head }, i) => {
    const next = rows[i + 1]
    const needed = !isChained(head) && (next === undefined || isChained(next.head))
    return needed && !shown.has(seq) ? [seq] : []
  })
}

async function linesAt(
  db: Kysely<Database>,
  proxy: string,
  seqs: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  if (seqs.length === 0) return new Map()
  const rows = await db
    .selectFrom('records')
    .select(['seq', 'entry'])
    .where('proxy', '=', proxy)
    .where('seq', 'in', seqs)
    .execute()
  return new Map(rows.map(({ seq, entry }) => [seq, entry]))
}

function howManyFit(sizes: readonly number[]): number {
  let room = bytesAtOnce
  const over = sizes.findIndex(size => {
    room -= size
    return room < 0
  })
  return over < 0 ? sizes.length : Math.max(1, over)
}
