import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../store/database.ts'
import { batchReader } from './batch.ts'
import { Days } from './days.ts'
import type { Cursor, Filter } from './filter.ts'
import type { Flaw } from './follow-chain.ts'
import type { Gap } from './numbers.ts'
import type { NewRow } from './row.ts'
import { linesOf, search } from './search.ts'
import { storeBatch } from './store-batch.ts'

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

export interface LedgerCount {
  readonly proxy: string
  readonly stored: number
  readonly lastSeq: number
  /** Numbers up to the last that the ledger does not have. */
  readonly missing: number
}

/** What is known of all chains together. */
export interface ChainCounts {
  readonly flaws: readonly { readonly code: string; readonly count: number }[]
  /** Entries that are kept no longer. */
  readonly deleted: number
}

/** Whoever counts what entries say, in the transaction that stores them. */
export interface Settling {
  /** Called with what is new; what it returns is called once that is kept. */
  settle(db: Transaction<Database>, entries: readonly NewRow[]): Promise<() => void>
}

/** Who else has to do with entries. */
export interface LedgerNeeds {
  /** Called with what is new, once it is kept. */
  readonly onStored?: (entries: readonly NewRow[]) => void
  readonly settling?: Settling
  /** Called with what did not fit in the chain of a proxy, once that is noted. */
  readonly onFlaws?: (proxy: string, flaws: readonly Flaw[]) => void
  readonly now?: () => number
}

/** Every entry of every proxy, once. */
export class Ledger {
  readonly #db: Kysely<Database>
  readonly #needs: LedgerNeeds
  readonly #now: () => number
  readonly #days: Days
  readonly #batchOf = batchReader()

  constructor(db: Kysely<Database>, needs: LedgerNeeds = {}) {
    this.#db = db
    this.#needs = needs
    this.#now = needs.now ?? Date.now
    this.#days = new Days(db, this.#now)
  }

  /**
   * Keeps the lines of one proxy, all or none; a line that is there already is not kept twice. Rejects
   * with a ControllerFailure when a line is neither an entry nor a statement about the chain, or is another entry
   * under a number that is taken; and as `expect` does, which sees what was understood before anything is kept.
   */
  async append(
    lines: readonly string[],
    expect: (rows: readonly NewRow[]) => Promise<void> = async () => undefined,
  ): Promise<Appended> {
    const batch = this.#batchOf(lines)
    if (batch === null) return { stored: 0, repeated: 0 }
    const { proxy, entries, keys, seals } = batch
    const rows = entries.map(({ row }) => row)
    await expect(rows)
    await this.#days.expect(rows.map(({ time }) => new Date(time)))
    const { settling, onStored, onFlaws } = this.#needs
    const { fresh, flaws, settled } = await this.#db.transaction().execute(async db => {
      const stored = await storeBatch(db, batch, new Date(this.#now()))
      return { ...stored, settled: await settling?.settle(db, stored.fresh) }
    })
    settled?.()
    onStored?.(fresh)
    if (flaws.length > 0) onFlaws?.(proxy, flaws)
    const stated = keys.length + seals.length
    return { stored: fresh.length, repeated: lines.length - stated - fresh.length }
  }

  /** Entries that the filter lets through, in the order it asks for: at most `limit`, and fewer when they are large. */
  async list(filter: Filter, after: Cursor | null, limit: number): Promise<Page> {
    const found = await search(this.#db, filter, after, limit)
    const shown = found.slice(0, howManyFit(found.map(({ size }) => size)))
    const last = shown.at(-1)
    const isEnd = last === undefined || (shown.length === found.length && found.length < limit)
    const next = isEnd ? null : { time: last.time, proxy: last.proxy, seq: last.seq }
    return { entries: await linesOf(this.#db, shown), next }
  }

  async counts(): Promise<readonly LedgerCount[]> {
    const { rows } = await sql<LedgerCount>`
      select c.proxy, c.stored, c.last_seq as "lastSeq",
        coalesce(sum(g.to_seq - g.from_seq + 1), 0)::float8 as missing
      from record_counts c left join record_gaps g on g.proxy = c.proxy
      group by c.proxy order by c.proxy`.execute(this.#db)
    return rows
  }

  /** How often something did not fit in the chain of a proxy, by code, and how many entries retention deleted. */
  async chains(): Promise<ChainCounts> {
    const flaws = await this.#db
      .selectFrom('chain_flaws')
      .select(['code', sql<number>`count(*)::float8`.as('count')])
      .groupBy('code')
      .orderBy('code')
      .execute()
    const { rows } = await sql<{ deleted: number }>`
      select coalesce(sum(to_seq - from_seq + 1), 0)::float8 as deleted
      from pruned_ranges`.execute(this.#db)
    return { flaws, deleted: rows[0]?.deleted ?? 0 }
  }

  /** The newest gaps of a proxy, at most `limit`. */
  async gaps(proxy: string, limit: number): Promise<readonly Gap[]> {
    return this.#db
      .selectFrom('record_gaps')
      .select(['proxy', 'from_seq as from', 'to_seq as to'])
      .where('proxy', '=', proxy)
      .orderBy('from_seq', 'desc')
      .limit(limit)
      .execute()
  }
}

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
