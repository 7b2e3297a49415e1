import type { Transaction } from 'kysely'
import type { NewRow } from '../ledger/row.ts'
import { entryOf, usageOf } from '../ledger/usage-row.ts'
import type { UsageRow } from '../store/budget-rows.ts'
import type { Database } from '../store/database.ts'
import { addUsage } from '../usage/add-usage.ts'
import type { CounterKey } from './budget-book.ts'
import { charging } from './charging.ts'
import {
  changeCounters,
  changeLeases,
  insertCharges,
  keyText,
  type LeaseRow,
  takenCounters,
} from './counter-rows.ts'
import { duesOf, type Incident, type SpentEntry } from './dues.ts'
import { storingIn } from './make-counter.ts'
import { payerOfRow } from './payer-of-row.ts'
import type { BudgetPlan, PlanReader } from './plan-in-force.ts'
import { readCharges } from './read-charges.ts'

/** What entries were charged to, and what is wrong with them. */
export interface SettledEntries {
  readonly counters: readonly CounterKey[]
  readonly incidents: readonly Incident[]
}

/**
 * Notes what entries used that are being stored, and charges them, in their transaction: to the leases that they name,
 * and late to every other counter in force that counts them. What is wrong with an entry keeps none from being stored.
 */
export async function settleEntries(
  db: Transaction<Database>,
  plans: PlanReader,
  rows: readonly NewRow[],
): Promise<SettledEntries> {
  const outcomes = rows.filter(({ phase }) => phase === 'outcome')
  if (outcomes.length === 0) return { counters: [], incidents: [] }
  // Always in one order, so that no two wait for each other.
  const namespaces = [...new Set(outcomes.map(({ namespace }) => namespace))].sort()
  for (const namespace of namespaces) await storingIn(db, namespace)
  const known = plansOnce(plans)
  const entries: SpentEntry[] = []
  for (const row of outcomes) {
    const entry = entryOf(row)
    const plan = await known.inForce(db, row.namespace)
    entries.push({ row, entry, usage: withFlow(usageOf(row, entry), plan) })
  }
  await insertUsage(
    db,
    entries.flatMap(({ usage }) => (usage === null ? [] : [usage])),
  )
  return charge(db, known, entries)
}

function withFlow(usage: UsageRow | null, plan: BudgetPlan | null): UsageRow | null {
  if (usage === null || plan === null) return usage
  return { ...usage, flow: payerOfRow(plan, usage).flow || null }
}

const rowsPerInsert = 200

async function insertUsage(db: Transaction<Database>, rows: readonly UsageRow[]): Promise<void> {
  for (let at = 0; at < rows.length; at += rowsPerInsert) {
    await db
      .insertInto('usage')
      .values(rows.slice(at, at + rowsPerInsert))
      .execute()
  }
  await addUsage(db, rows)
}

async function charge(
  db: Transaction<Database>,
  plans: PlanReader,
  entries: readonly SpentEntry[],
): Promise<SettledEntries> {
  const ids = entries.flatMap(({ entry }) => readCharges(entry).charges.map(({ lease }) => lease))
  const { dues, incidents } = await duesOf(db, plans, entries, await leasesBy(db, ids))
  const counters = await takenCounters(
    db,
    dues.map(({ key }) => key),
  )
  const unitOf = ({ key }: { readonly key: CounterKey }) => counters.get(keyText(key))?.unit ?? null
  // Only now does nobody else change them.
  const charged = charging(dues, unitOf, await leasesBy(db, ids))
  await insertCharges(db, charged.charges)
  await changeCounters(db, charged.counters)
  await changeLeases(db, charged.leases)
  return { counters: charged.counters, incidents }
}

/** Reads each plan once; what is in force for the first entry is for the last. */
function plansOnce(plans: PlanReader): PlanReader {
  const inForce = new Map<string, Promise<BudgetPlan | null>>()
  const ofTable = new Map<string, Promise<BudgetPlan | null>>()
  return {
    inForce: (db, namespace) => once(inForce, namespace, () => plans.inForce(db, namespace)),
    ofTable: (db, namespace, digest) =>
      once(ofTable, `${namespace} ${digest}`, () => plans.ofTable(db, namespace, digest)),
  }
}

function once<T>(known: Map<string, T>, key: string, make: () => T): T {
  const found = known.get(key) ?? make()
  known.set(key, found)
  return found
}

async function leasesBy(
  db: Transaction<Database>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, LeaseRow>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('budget_leases')
    .selectAll()
    .where(eb => eb('id', '=', eb.fn.any(eb.val([...new Set(ids)]))))
    .execute()
  return new Map(rows.map(row => [row.id, row]))
}
