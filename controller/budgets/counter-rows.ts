import { type Kysely, type Selectable, sql, type Transaction } from 'kysely'
import type { BudgetChargeRow, BudgetCounterRow, BudgetLeaseRow } from '../store/budget-rows.ts'
import type { Database } from '../store/database.ts'
import type { CounterKey } from './budget-book.ts'

export type CounterRow = Selectable<BudgetCounterRow>
export type LeaseRow = Selectable<BudgetLeaseRow>
/** A charge on its way into the store. */
export type NewCharge = Omit<BudgetChargeRow, 'id'>

/** The name of a counter as one text. */
export function keyText({ namespace, budget, counter, window }: CounterKey): string {
  return JSON.stringify([namespace, budget, counter, window])
}

/** The name of the counter that a row is, or is about. */
export function keyOf(
  row: Pick<CounterRow, 'namespace' | 'budget' | 'counter' | 'window_start'>,
): CounterKey {
  const { namespace, budget, counter, window_start: window } = row
  return { namespace, budget, counter, window }
}

/** The counter, or null when nobody has made it. */
export async function counterBy(
  db: Kysely<Database>,
  { namespace, budget, counter, window }: CounterKey,
): Promise<CounterRow | null> {
  const row = await db
    .selectFrom('budget_counters')
    .selectAll()
    .where('namespace', '=', namespace)
    .where('budget', '=', budget)
    .where('counter', '=', counter)
    .where('window_start', '=', window)
    .executeTakeFirst()
  return row ?? null
}

/**
 * Takes counters until the transaction ends, those that are there, by `keyText`. Whoever takes several does it with
 * one call and before any lease, so that no two wait for each other.
 */
export async function takenCounters(
  db: Transaction<Database>,
  keys: readonly CounterKey[],
): Promise<Map<string, CounterRow>> {
  if (keys.length === 0) return new Map()
  const rows = await db
    .selectFrom('budget_counters')
    .selectAll()
    .where(
      sql<boolean>`(namespace, budget, counter, window_start) in (
        select k.namespace, k.budget, k.counter, k."window" from jsonb_to_recordset(${json(keys)}::jsonb)
        as k(namespace text, budget text, counter text, "window" text))`,
    )
    .orderBy('namespace')
    .orderBy('budget')
    .orderBy('counter')
    .orderBy('window_start')
    .forUpdate()
    .execute()
  return new Map(rows.map(row => [keyText(keyOf(row)), row]))
}

/** What is added to a counter. */
export type CounterChange = CounterKey & { readonly spent: number; readonly leased: number }

/** Adds to what counters have spent and leased. */
export async function changeCounters(
  db: Transaction<Database>,
  changes: readonly CounterChange[],
): Promise<void> {
  if (changes.length === 0) return
  await sql`
    update budget_counters c set spent = c.spent + v.spent, leased = c.leased + v.leased
    from (
      select namespace, budget, counter, "window", sum(spent) as spent, sum(leased) as leased
      from jsonb_to_recordset(${json(changes)}::jsonb) as v(
        namespace text, budget text, counter text, "window" text, spent bigint, leased bigint)
      group by namespace, budget, counter, "window"
    ) v
    where c.namespace = v.namespace and c.budget = v.budget and c.counter = v.counter
      and c.window_start = v."window" and (v.spent <> 0 or v.leased <> 0)`.execute(db)
}

/** Writes how leases stand. */
export async function changeLeases(
  db: Transaction<Database>,
  rows: readonly LeaseRow[],
): Promise<void> {
  if (rows.length === 0) return
  const values = rows.map(({ id, amount, settled, written_off, expires_at, state }) => ({
    ...{ id, amount, settled, written_off, expires_at, state },
  }))
  await sql`
    update budget_leases l set amount = v.amount, settled = v.settled,
      written_off = v.written_off, expires_at = v.expires_at, state = v.state
    from jsonb_to_recordset(${json(values)}::jsonb) as v(
      id text, amount bigint, settled bigint, written_off bigint, expires_at timestamptz, state text)
    where l.id = v.id`.execute(db)
}

const chargesPerInsert = 500

/** Notes charges; what they add up to must be added to their counters in the same transaction. */
export async function insertCharges(
  db: Transaction<Database>,
  charges: readonly NewCharge[],
): Promise<void> {
  for (let at = 0; at < charges.length; at += chargesPerInsert) {
    const some = charges.slice(at, at + chargesPerInsert)
    await db.insertInto('budget_charges').values(some).execute()
  }
}

/** The charge by which an amount of a lease is written off; a negative one takes that back. */
export function writtenOffCharge(lease: LeaseRow, amount: number, time: Date): NewCharge {
  const { id, proxy, namespace, budget, counter, window_start } = lease
  return {
    ...{ proxy, seq: null, time, namespace, budget, counter, window_start, reason: null },
    ...{ lease: id, kind: 'written_off', amount },
  }
}

/** What is leased by a lease and not settled. */
export function outstanding({ amount, settled }: Pick<LeaseRow, 'amount' | 'settled'>): number {
  return Math.max(0, amount - settled)
}

function json(value: unknown): string {
  return JSON.stringify(value)
}
