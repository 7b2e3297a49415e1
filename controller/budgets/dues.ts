import type { Kysely } from 'kysely'
import { amountSpent } from '../../policy/spend/amount.ts'
import type { BudgetUnit } from '../../schemas/rule-table.ts'
import type { NewRow } from '../ledger/row.ts'
import type { Entry } from '../ledger/usage-row.ts'
import { count } from '../ledger/usage-row.ts'
import type { UsageRow } from '../store/budget-rows.ts'
import type { Database } from '../store/database.ts'
import type { CounterKey } from './budget-book.ts'
import { keyOf, keyText, type LeaseRow } from './counter-rows.ts'
import { payerOfRow, spentOf } from './payer-of-row.ts'
import type { BudgetPlan, DefinedBudget, PlanReader } from './plan-in-force.ts'
import { mostCharged, readCharges } from './read-charges.ts'

/** An outcome that is being stored, and what it used if it was sent. */
export interface SpentEntry {
  readonly row: NewRow
  readonly entry: Entry
  readonly usage: UsageRow | null
}

/** What an entry owes to a counter. */
export interface Due {
  readonly row: NewRow
  readonly key: CounterKey
  /** The unit of the amount; null when that of the counter has to do. */
  readonly unit: BudgetUnit | null
  readonly amount: number
  /** The lease that pays for it; null when it is late. */
  readonly lease: string | null
  /** Why it is late. */
  readonly reason: LateReason | null
}

/** Codes are the contract: rows of charges and logs carry them. */
type LateReason = 'older_table' | 'unknown_lease' | 'foreign_lease' | 'other_counter'

/** Something about the charges of an entry that a proxy in order never writes. */
export interface Incident {
  readonly proxy: string
  readonly seq: number
  readonly reason: 'malformed_charges' | Exclude<LateReason, 'older_table'>
}

/** What entries owe, by their own charges and by the budgets in force, and what is wrong with them. */
export interface Dues {
  readonly dues: readonly Due[]
  readonly incidents: readonly Incident[]
}

/** Finds what entries owe; `leases` are those that they name, by id. */
export async function duesOf(
  db: Kysely<Database>,
  plans: PlanReader,
  entries: readonly SpentEntry[],
  leases: ReadonlyMap<string, LeaseRow>,
): Promise<Dues> {
  const dues: Due[] = []
  const incidents: Incident[] = []
  for (const spent of entries) {
    const { namespace, table_digest: table, proxy, seq } = spent.row
    const tell = (reason: Incident['reason']) => incidents.push({ proxy, seq, reason })
    const plan = await plans.inForce(db, namespace)
    const claimed = claimedDues(spent, leases, plan, tell)
    dues.push(...claimed)
    if (plan === null || spent.usage === null) continue
    const counted = table == null ? null : await plans.ofTable(db, namespace, table)
    dues.push(...missedDues(spent, spent.usage, { plan, counted, claimed }))
  }
  return { dues, incidents }
}

function claimedDues(
  { row, entry }: SpentEntry,
  leases: ReadonlyMap<string, LeaseRow>,
  plan: BudgetPlan | null,
  tell: (reason: Incident['reason']) => void,
): readonly Due[] {
  const { charges, malformed } = readCharges(entry)
  if (malformed > 0) tell('malformed_charges')
  return charges.flatMap((charge): readonly Due[] => {
    const { budget, counter, window, amount } = charge
    const key = { namespace: row.namespace, budget, counter, window }
    const lease = leases.get(charge.lease)
    const reason = misfit(row, key, lease)
    const unit = plan?.budgets.get(budget)?.budget.unit ?? null
    if (reason !== null) {
      tell(reason)
      return [{ row, key, unit, amount, lease: null, reason }]
    }
    // The budget has become one of other units: the call is counted by what it used.
    if (unit !== null && lease?.unit !== unit) return []
    return [{ row, key, unit: lease?.unit ?? null, amount, lease: charge.lease, reason: null }]
  })
}

function misfit(
  { proxy }: NewRow,
  key: CounterKey,
  lease: LeaseRow | undefined,
): Exclude<LateReason, 'older_table'> | null {
  if (lease === undefined) return 'unknown_lease'
  if (lease.proxy !== proxy) return 'foreign_lease'
  return keyText(keyOf(lease)) === keyText(key) ? null : 'other_counter'
}

interface Books {
  /** What is in force. */
  readonly plan: BudgetPlan
  /** What the proxy counted by; null when it is no longer known. */
  readonly counted: BudgetPlan | null
  readonly claimed: readonly Due[]
}

/** What an entry owes to budgets in force that its proxy did not know, or knew to mean other calls. */
function missedDues(
  { row, entry }: SpentEntry,
  usage: UsageRow,
  { plan, counted, claimed }: Books,
): readonly Due[] {
  const payer = payerOfRow(plan, usage)
  const paid = new Set(claimed.map(({ key }) => `${key.budget} ${key.counter}`))
  const dues: Due[] = []
  for (const [name, budget] of plan.budgets) {
    if (counted?.budgets.get(name)?.definition === budget.definition) continue
    for (const word of budget.counters(payer)) {
      const counter = word.toWellFormed()
      if (paid.has(`${name} ${counter}`)) continue
      const window = budget.windowAt(usage.time.getTime()).start
      const key = { namespace: row.namespace, budget: name, counter, window }
      const amount = amountOf(budget, usage, entry)
      const { unit } = budget.budget
      dues.push({ row, key, unit, amount, lease: null, reason: 'older_table' })
    }
  }
  return dues
}

/** What nobody can tell the price of is charged as it was reserved. */
function amountOf(budget: DefinedBudget, row: UsageRow, entry: Entry): number {
  const usage = {
    inputTokens: row.input_tokens ?? 0,
    outputTokens: row.output_tokens ?? 0,
    cacheReadTokens: row.cache_read_tokens ?? 0,
    cacheWriteTokens: row.cache_write_tokens ?? 0,
  }
  const known = amountSpent(budget, spentOf({ ...row, usage }))
  return Math.min(mostCharged, known ?? count(entry.reservedMicroUsd) ?? 0)
}
