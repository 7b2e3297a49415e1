import { type Kysely, sql, type Transaction } from 'kysely'
import type { Database } from '../store/database.ts'
import {
  changeCounters,
  changeLeases,
  insertCharges,
  keyOf,
  keyText,
  outstanding,
  takenCounters,
  writtenOffCharge,
} from './counter-rows.ts'

/** A start of a proxy that is over and has unsettled leases: numbers of its entries, the last one not included. */
interface EndedRun {
  readonly run: string
  readonly from: number
  readonly to: number
}

/**
 * Frees what earlier starts of a proxy leased and did not settle, of those whose entries the ledger has all. Nothing
 * is done for a start of which nothing came since somebody last looked: `firstFresh` is the first new entry.
 */
export async function freeRuns(
  db: Kysely<Database>,
  proxy: string,
  at: Date,
  firstFresh = 0,
): Promise<void> {
  for (const ended of await endedRuns(db, proxy)) {
    if (firstFresh < ended.to && (await isComplete(db, proxy, ended))) {
      await db.transaction().execute(db => free(db, proxy, ended.run, at))
    }
  }
}

/** Does so for every proxy. */
export async function freeEveryRun(db: Kysely<Database>, at: Date): Promise<void> {
  const rows = await db
    .selectFrom('budget_leases')
    .select('proxy')
    .distinct()
    .where(isUnsettled)
    .execute()
  for (const { proxy } of rows) await freeRuns(db, proxy, at)
}

const isUnsettled = sql<boolean>`(amount > settled or written_off > 0)`

async function endedRuns(db: Kysely<Database>, proxy: string): Promise<readonly EndedRun[]> {
  const { rows } = await sql<EndedRun>`
    select mine.run, mine.first_seq as "from", later.first_seq as "to"
    from (
      select distinct run from budget_leases where proxy = ${proxy} and ${isUnsettled}
    ) l
    join budget_runs mine on mine.proxy = ${proxy} and mine.run = l.run
    join lateral (
      select first_seq from budget_runs r
      where r.proxy = ${proxy} and (r.first_seq, r.start, r.id) > (mine.first_seq, mine.start, mine.id)
      order by first_seq, start, id limit 1
    ) later on true`.execute(db)
  return rows
}

async function isComplete(
  db: Kysely<Database>,
  proxy: string,
  { from, to }: EndedRun,
): Promise<boolean> {
  if (to <= from) return true
  // What was there and is deleted by now has been settled as well.
  const { rows } = await sql`
    select from record_counts where proxy = ${proxy} and last_seq >= ${to - 1} and not exists (
      select from record_gaps where proxy = ${proxy} and from_seq < ${to} and to_seq >= ${from})`.execute(
    db,
  )
  return rows.length > 0
}

async function free(
  db: Transaction<Database>,
  proxy: string,
  run: string,
  at: Date,
): Promise<void> {
  const counters = await takenCounters(db, (await unsettled(db, proxy, run)).map(keyOf))
  // Only now does nobody else change them.
  const all = await unsettled(db, proxy, run)
  const leases = all.filter(lease => counters.has(keyText(keyOf(lease))))
  const writtenOff = leases.filter(lease => lease.written_off > 0)
  await insertCharges(
    db,
    writtenOff.map(lease => writtenOffCharge(lease, -lease.written_off, at)),
  )
  await changeCounters(
    db,
    leases.map(lease => ({
      ...keyOf(lease),
      spent: -lease.written_off,
      leased: -outstanding(lease),
    })),
  )
  await changeLeases(
    db,
    leases.map(lease => ({
      ...lease,
      amount: Math.min(lease.amount, lease.settled),
      written_off: 0,
      state: 'closed',
    })),
  )
}

function unsettled(db: Transaction<Database>, proxy: string, run: string) {
  return db
    .selectFrom('budget_leases')
    .selectAll()
    .where('proxy', '=', proxy)
    .where('run', '=', run)
    .where(isUnsettled)
    .execute()
}
