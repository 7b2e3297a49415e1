import { type Kysely, type SelectQueryBuilder, sql, type Transaction } from 'kysely'
import { ControllerFailure } from '../failure.ts'
import type { Database } from '../store/database.ts'
import { type Cursor, type Filter, narrowed, paged } from './filter.ts'
import { type NewRow, rowOf } from './row.ts'

/** What became of a batch of entries. */
export interface Appended {
  readonly stored: number
  /** Entries the ledger had already. */
  readonly repeated: number
}

/** Entries as they were written, and where to go on; null at the end. */
export interface Page {
  readonly entries: readonly string[]
  readonly next: Cursor | null
}

/** Numbers of a proxy that the ledger does not have, both ends included. */
export interface Gap {
  readonly proxy: string
  readonly from: number
  readonly to: number
}

export interface LedgerCount {
  readonly proxy: string
  readonly stored: number
  readonly lastSeq: number
  /** Numbers up to the last that the ledger does not have. */
  readonly missing: number
}

/** Whoever counts what entries say, in the transaction that stores them. */
export interface Settling {
  /** Called with what is new; what it returns is called once that is kept. */
  settle(db: Transaction<Database>, entries: readonly NewRow[]): Promise<() => void>
}

/** Every entry of every proxy, once. */
export class Ledger {
  readonly #db: Kysely<Database>
  readonly #onStored: (entries: readonly NewRow[]) => void
  readonly #settling: Settling | null

  /** `onStored` is called with what is new, once it is kept. */
  constructor(
    db: Kysely<Database>,
    onStored: (entries: readonly NewRow[]) => void = () => undefined,
    settling: Settling | null = null,
  ) {
    this.#db = db
    this.#onStored = onStored
    this.#settling = settling
  }

  /**
   * Keeps the lines of one proxy, all or none; a line that is there already is not kept twice. Rejects
   * with a ControllerFailure when a line is no entry, or is another entry under a number that is taken; and as
   * `expect` does, which sees what was understood before anything is kept.
   */
  async append(
    lines: readonly string[],
    expect: (rows: readonly NewRow[]) => Promise<void> = async () => undefined,
  ): Promise<Appended> {
    const all = lines.map(parsed)
    const [first] = all
    if (first === undefined) return { stored: 0, repeated: 0 }
    if (all.some(({ proxy }) => proxy !== first.proxy)) {
      throw new ControllerFailure('entry_malformed', 'the entries are of more than one proxy')
    }
    await expect(all)
    const rows = distinct(all)
    const { fresh, settled } = await this.#db.transaction().execute(async db => {
      const fresh: NewRow[] = []
      for (let at = 0; at < rows.length; at += rowsPerInsert) {
        fresh.push(...(await insert(db, rows.slice(at, at + rowsPerInsert))))
      }
      await count(db, first.proxy, fresh.length, Math.max(...rows.map(({ seq }) => seq)))
      return { fresh, settled: await this.#settling?.settle(db, fresh) }
    })
    settled?.()
    this.#onStored(fresh)
    return { stored: fresh.length, repeated: lines.length - fresh.length }
  }

  /** Entries that the filter lets through, in the order it asks for: at most `limit`, and fewer when they are large. */
  async list(filter: Filter, after: Cursor | null, limit: number): Promise<Page> {
    const all: SelectQueryBuilder<Database, 'records', object> = this.#db.selectFrom('records')
    const query = paged(narrowed(all, filter), filter.order, after)
    const size = sql<number>`octet_length(entry)`.as('size')
    const sizes = await query.select(size).limit(limit).execute()
    const fitting = howManyFit(sizes.map(({ size }) => size))
    const rows = await query.select(['entry', 'time', 'proxy', 'seq']).limit(fitting).execute()
    const last = rows.at(-1)
    const more = (fitting === limit || fitting < sizes.length) && last !== undefined
    return {
      entries: rows.map(({ entry }) => entry),
      next: more ? { time: last.time.getTime(), proxy: last.proxy, seq: last.seq } : null,
    }
  }

  async counts(): Promise<readonly LedgerCount[]> {
    const rows = await this.#db.selectFrom('record_counts').selectAll().orderBy('proxy').execute()
    return rows.map(({ proxy, stored, last_seq }) => ({
      proxy,
      stored,
      lastSeq: last_seq,
      missing: last_seq - stored,
    }))
  }

  /** The newest gaps of a proxy, at most `limit`. */
  async gaps(proxy: string, limit: number): Promise<readonly Gap[]> {
    const { rows } = await sql<{ from: number; to: number }>`
      select before + 1 as "from", seq - 1 as "to"
      from (
        select seq, coalesce(lag(seq) over (order by seq), 0) as before
        from records where proxy = ${proxy}
      ) as numbered
      where seq > before + 1 order by seq desc limit ${limit}`.execute(this.#db)
    return rows.map(({ from, to }) => ({ proxy, from, to }))
  }
}

const rowsPerInsert = 100

/** Agents choose how large their arguments are; a page stays near this many bytes. */
const pageBytes = 8 * 1024 * 1024

function howManyFit(sizes: readonly number[]): number {
  let room = pageBytes
  const over = sizes.findIndex(size => {
    room -= size
    return room < 0
  })
  return over < 0 ? sizes.length : Math.max(1, over)
}

function parsed(line: string): NewRow {
  const row = rowOf(line)
  if (row === null) throw new ControllerFailure('entry_malformed', 'a line is not an entry')
  return row
}

function distinct(rows: readonly NewRow[]): readonly NewRow[] {
  const bySeq = new Map(rows.map(row => [row.seq, row]))
  if (rows.some(row => bySeq.get(row.seq)?.entry_digest !== row.entry_digest)) throw conflict()
  return [...bySeq.values()]
}

/** The rows that were not there yet. */
async function insert(
  db: Transaction<Database>,
  rows: readonly NewRow[],
): Promise<readonly NewRow[]> {
  const fresh = await db
    .insertInto('records')
    .values(rows)
    .onConflict(conflicting => conflicting.columns(['proxy', 'seq']).doNothing())
    .returning('seq')
    .execute()
  if (fresh.length === rows.length) return rows
  const added = new Set(fresh.map(({ seq }) => seq))
  const known = rows.filter(({ seq }) => !added.has(seq))
  await expectSame(db, known)
  return rows.filter(({ seq }) => added.has(seq))
}

async function expectSame(db: Transaction<Database>, rows: readonly NewRow[]): Promise<void> {
  const digests = new Map(rows.map(({ seq, entry_digest }) => [seq, entry_digest]))
  const kept = await db
    .selectFrom('records')
    .select(['seq', 'entry_digest'])
    .where('proxy', '=', rows[0]?.proxy ?? '')
    .where('seq', 'in', [...digests.keys()])
    .execute()
  if (kept.some(({ seq, entry_digest }) => digests.get(seq) !== entry_digest)) throw conflict()
}

function conflict(): ControllerFailure {
  return new ControllerFailure(
    'sequence_conflict',
    'another entry has this number: two proxies share an id, or a journal was restored from a copy',
  )
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
      existing.column('proxy').doUpdateSet({
        stored: sql`record_counts.stored + excluded.stored`,
        last_seq: sql`greatest(record_counts.last_seq, excluded.last_seq)`,
      }),
    )
    .execute()
}
