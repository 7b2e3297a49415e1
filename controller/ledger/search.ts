import { type Kysely, type SelectQueryBuilder, sql, type Transaction } from 'kysely'
import type { Database } from '../store/database.ts'
import { type RecordDay, recordDays, startOf } from '../store/record-days.ts'
import { type Cursor, type Filter, fits, isCombined, narrowed, paged } from './filter.ts'

/** An entry that was found, and how many bytes it has. */
export interface Found extends Cursor {
  readonly size: number
}

/** What is looked for: entries behind `after`, at most `limit`. */
interface Wanted {
  readonly filter: Filter
  readonly after: Cursor | null
  readonly limit: number
}

/** A stretch of time, ms since 1970: `from` is in it, `to` is not. */
interface Span {
  readonly from: number
  readonly to: number
}

/**
 * Entries that fit the filter behind the cursor, in its order, at most `limit`. Days are looked at one after the other,
 * more at a time the longer nothing is found: what is frequent is found in the first, what is rare is nowhere twice.
 */
export async function search(
  db: Kysely<Database>,
  filter: Filter,
  after: Cursor | null,
  limit: number,
): Promise<readonly Found[]> {
  return db.transaction().execute(async db => {
    // Compiling a plan takes longer than any page may.
    await sql`set local jit = off`.execute(db)
    const wanted = { filter, after, limit }
    const spans = spansOf(await recordDays(db), wanted)
    return isCombined(filter) ? combined(db, spans, wanted) : walk(db, spans, wanted, within)
  })
}

type Look = (db: Transaction<Database>, span: Span, wanted: Wanted) => Promise<readonly Found[]>

async function walk(
  db: Transaction<Database>,
  spans: readonly Span[],
  wanted: Wanted,
  look: Look,
): Promise<readonly Found[]> {
  const found: Found[] = []
  for (const span of spans) {
    const limit = wanted.limit - found.length
    if (limit > 0) found.push(...(await look(db, span, { ...wanted, limit })))
  }
  return found
}

/** How many entries are looked at one by one before indexes are asked for those that fit in several ways. */
const nearby = 3000

/**
 * The planner takes words to be independent, and would go through all of time for what it takes to be near where two
 * exclude each other. So the nearest entries are looked at as they are, and for all others it is not told that only
 * some are wanted.
 */
async function combined(
  db: Transaction<Database>,
  [first, ...rest]: readonly Span[],
  wanted: Wanted,
): Promise<readonly Found[]> {
  if (first === undefined) return []
  const [near, far] = await cutBehind(db, first, wanted)
  const found = await walk(db, [near], wanted, oneByOne)
  if (found.length === wanted.limit) return found
  const limit = wanted.limit - found.length
  await sql`set local enable_seqscan = off`.execute(db)
  return [...found, ...(await walk(db, [...far, ...rest], { ...wanted, limit }, byIndex))]
}

/** The part of a span that has the nearest entries, and what is left of it. */
async function cutBehind(
  db: Transaction<Database>,
  span: Span,
  { filter, after }: Wanted,
): Promise<readonly [Span, readonly Span[]]> {
  const all = paged(inSpan(db.selectFrom('records'), span), filter.order, after)
  const last = await all.select(at).offset(nearby).limit(1).executeTakeFirst()
  if (last === undefined) return [span, []]
  const { from, to } = span
  const cut = last.at
  if (filter.order === 'newest') return [{ from: cut, to }, [{ from, to: cut }]]
  return [{ from, to: cut + 1 }, [{ from: cut + 1, to }]]
}

const within: Look = async (db, span, { filter, after, limit }) => {
  const query = paged(narrowed(inSpan(db.selectFrom('records'), span), filter), filter.order, after)
  return foundIn(await query.select(key).select([at, size]).limit(limit).execute())
}

const oneByOne: Look = async (db, span, { filter, after, limit }) => {
  const query = paged(inSpan(db.selectFrom('records'), span), filter.order, after)
  const fitting = query.where(fits(filter)).select(key).select([at, size])
  return foundIn(await fitting.limit(limit).execute())
}

const byIndex: Look = async (db, span, { filter, after, limit }) => {
  const fitting = narrowed(inSpan(db.selectFrom('records'), span), filter)
    .select(['time', ...key])
    .select([at, size])
  const { rows } = await sql<Row>`
    with fitting as materialized (${fitting}) ${paged(
      db.selectFrom('fitting' as 'records').selectAll(),
      filter.order,
      after,
    ).limit(limit)}`.execute(db)
  return foundIn(rows)
}

/** In ms since 1970: not every driver reads times of long ago. */
const at = sql<number>`(extract(epoch from time) * 1000)::float8`.as('at')
const key = ['proxy', 'seq'] as const
const size = sql<number>`octet_length(entry)`.as('size')

interface Row {
  readonly at: number
  readonly proxy: string
  readonly seq: number
  readonly size: number
}

function foundIn(rows: readonly Row[]): readonly Found[] {
  return rows.map(({ at, proxy, seq, size }) => ({ time: at, proxy, seq, size }))
}

function inSpan<O>(query: SelectQueryBuilder<Database, 'records', O>, { from, to }: Span) {
  const since =
    from === Number.NEGATIVE_INFINITY ? query : query.where('time', '>=', new Date(from))
  return to === Number.POSITIVE_INFINITY ? since : since.where('time', '<', new Date(to))
}

/** How many days are looked at first; today has two that are to come. */
const daysAtOnce = 4

/**
 * All of time, cut at days so that the first span has few and each other one as many as all before it; without what
 * the filter and the cursor leave out.
 */
function spansOf(
  days: readonly RecordDay[],
  { filter: { since, until, order }, after }: Pick<Wanted, 'filter' | 'after'>,
): readonly Span[] {
  const isNewest = order === 'newest'
  const beyond = after === null ? {} : isNewest ? { last: after.time } : { first: after.time }
  const { first = Number.NEGATIVE_INFINITY, last = Number.POSITIVE_INFINITY } = beyond
  const from = Math.max(since ?? first, first)
  const to = Math.min(until ?? Number.POSITIVE_INFINITY, last + 1)
  const starts = days.map(({ day }) => startOf(day)).filter(start => from < start && start < to)
  const cuts = isNewest ? starts.reverse() : starts
  const spans: Span[] = []
  let at = isNewest ? to : from
  for (let next = daysAtOnce - 1; next < cuts.length; next = 2 * next + 1) {
    const cut = cuts[next] ?? at
    spans.push(isNewest ? { from: cut, to: at } : { from: at, to: cut })
    at = cut
  }
  return [...spans, isNewest ? { from, to: at } : { from: at, to }]
}

/** The lines of entries, in the order in which they were found. */
export async function linesOf(
  db: Kysely<Database>,
  found: readonly Found[],
): Promise<readonly string[]> {
  const times = found.map(({ time }) => new Date(time).toISOString())
  const proxies = found.map(({ proxy }) => proxy)
  const seqs = found.map(({ seq }) => seq)
  // The limit keeps each entry to be looked up by itself, in the one part that its time names.
  const { rows } = await sql<{ entry: string }>`
    select e.entry
    from unnest(${times}::text[], ${proxies}::text[], ${seqs}::bigint[])
      with ordinality as k (time, proxy, seq, place)
    cross join lateral (
      select r.entry from records r
      where r.time = k.time::timestamptz and r.proxy = k.proxy and r.seq = k.seq limit 1
    ) e order by k.place`.execute(db)
  return rows.map(({ entry }) => entry)
}
