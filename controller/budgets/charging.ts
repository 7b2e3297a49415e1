import type { BudgetUnit } from '../../schemas/rule-table.ts'
import type { CounterChange, LeaseRow, NewCharge } from './counter-rows.ts'
import { outstanding } from './counter-rows.ts'
import type { Due } from './dues.ts'

/** What dues change when they are charged. */
export interface Charged {
  readonly charges: readonly NewCharge[]
  readonly counters: readonly CounterChange[]
  /** Leases that changed, as they are then. */
  readonly leases: readonly LeaseRow[]
}

/**
 * Charges dues to counters that are there. What a lease pays for is no longer leased; what was written off already
 * is not charged twice; what is charged beyond a lease is spent all the same.
 */
export function charging(
  dues: readonly Due[],
  unitOf: (due: Due) => BudgetUnit | null,
  leases: ReadonlyMap<string, LeaseRow>,
): Charged {
  const charges: NewCharge[] = []
  const counters: CounterChange[] = []
  const changed = new Map<string, LeaseRow>()
  for (const due of dues) {
    const unit = unitOf(due)
    // A counter that nobody has made, or that counts in other units, will begin with what is on record.
    if (due.amount === 0 || unit === null || unit !== (due.unit ?? unit)) continue
    const lease = due.lease === null ? undefined : (changed.get(due.lease) ?? leases.get(due.lease))
    const { key, amount } = due
    if (lease === undefined) {
      charges.push(chargeOf(due, 'late', amount))
      counters.push({ ...key, spent: amount, leased: 0 })
      continue
    }
    const found = Math.min(amount, lease.written_off)
    const settled = {
      ...lease,
      settled: lease.settled + amount,
      written_off: lease.written_off - found,
    }
    changed.set(lease.id, settled)
    charges.push(chargeOf(due, 'lease', amount))
    if (found > 0) charges.push(chargeOf(due, 'written_off', -found))
    const leased = outstanding(settled) - outstanding(lease)
    counters.push({ ...key, spent: amount - found, leased })
  }
  return { charges, counters, leases: [...changed.values()] }
}

function chargeOf(
  { row, key, lease, reason }: Due,
  kind: NewCharge['kind'],
  amount: number,
): NewCharge {
  const { namespace, budget, counter, window } = key
  return {
    ...{ proxy: row.proxy, seq: row.seq, time: new Date(row.time), namespace, budget, counter },
    ...{ window_start: window, lease, kind, amount, reason },
  }
}
