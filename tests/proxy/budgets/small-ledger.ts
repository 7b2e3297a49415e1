import { tranche } from '../../../controller/budgets/tranche.ts'
import { LeaseFailure } from '../../../proxy/budgets/failure.ts'
import type { LeaseOffice } from '../../../proxy/budgets/lease-office.ts'
import type {
  BudgetCharge,
  BudgetLeaseRenewal,
  BudgetLeaseRequest,
  BudgetState,
} from '../../../schemas/budget-lease.ts'

interface Lent {
  readonly counter: Count
  readonly proxy: string
  readonly run: string
  readonly fence: number
  amount: number
  settled: number
  ttlMs: number
  open: boolean
}

/** A counter as the ledger has it. */
export interface Count {
  readonly name: string
  limit: number
  spent: number
  leased: number
  fence: number
  /** What is leased of it and not given back. */
  readonly lent: Set<Lent>
}

/**
 * The rules of the ledger in memory, for one limit: spent + leased never passes it by a grant, leases only shrink, and
 * what a run did not settle returns once its successor says that everything it wrote has arrived.
 */
export class SmallLedger implements LeaseOffice {
  readonly counts = new Map<string, Count>()
  readonly leases = new Map<string, Lent>()
  /** What was asked for, oldest first. */
  readonly asked: BudgetLeaseRequest[] = []
  readonly renewals: BudgetLeaseRenewal[] = []
  readonly runs: string[] = []
  limit: number
  ttlMs = 30_000
  /** Answers of this kind do not come; `lost` ones were acted upon. */
  away: 'no' | 'yes' | 'lost' = 'no'
  /** How large leases are; the ledger's own rule when not set. */
  lends: ((left: number, need: number) => number) | null = null

  constructor(limit: number) {
    this.limit = limit
  }

  async begin({ run }: { readonly run: string }): Promise<void> {
    await this.#arrive()
    this.runs.push(run)
    this.#leave()
  }

  async lease(request: BudgetLeaseRequest) {
    await this.#arrive()
    this.asked.push(request)
    const lease = this.#repeated(request) ?? this.#grant(request)
    this.#leave()
    return { lease, state: this.stateOf(this.count(request)) }
  }

  async renew(renewal: BudgetLeaseRenewal) {
    await this.#arrive()
    this.renewals.push(renewal)
    const leases = renewal.leases.map(({ id, used, held, keep }) => {
      const lent = this.leases.get(id)
      if (lent === undefined) return { id, ttlMs: 0, state: noState }
      const { counter } = lent
      const before = outstanding(lent)
      if (lent.open) lent.amount = Math.max(lent.settled, Math.min(lent.amount, used + held + keep))
      if (held === 0 && keep === 0) close(lent)
      counter.leased += outstanding(lent) - before
      return { id, ttlMs: lent.open ? lent.ttlMs : 0, state: this.stateOf(counter) }
    })
    this.#leave()
    return { leases }
  }

  /** What the outcome of a call says, as it arrives in the records. */
  charge(charges: readonly BudgetCharge[]): void {
    for (const { lease: id, amount } of charges) {
      const lent = this.leases.get(id)
      if (lent === undefined) throw new Error(`no lease ${id}`)
      const before = outstanding(lent)
      lent.settled += amount
      lent.counter.spent += amount
      lent.counter.leased += outstanding(lent) - before
    }
  }

  /** Frees what a run that ended, and whose entries are all there, did not settle. */
  free(proxy: string, run: string): void {
    for (const lent of this.leases.values()) {
      if (lent.proxy !== proxy || lent.run !== run) continue
      lent.counter.leased -= outstanding(lent)
      lent.amount = Math.min(lent.amount, lent.settled)
      close(lent)
    }
  }

  count({
    budget,
    counter,
    window,
  }: Pick<BudgetLeaseRequest, 'budget' | 'counter' | 'window'>): Count {
    const name = `${budget}/${counter}/${window}`
    const known = this.counts.get(name)
    if (known !== undefined) return known
    const count = { name, limit: this.limit, spent: 0, leased: 0, fence: 0, lent: new Set<Lent>() }
    this.counts.set(name, count)
    return count
  }

  stateOf({ limit, spent, leased }: Count): BudgetState {
    return { limit, extended: 0, spent, reserved: leased }
  }

  #repeated({ lease: id }: BudgetLeaseRequest) {
    const lent = this.leases.get(id)
    return lent === undefined
      ? null
      : { id, fence: lent.fence, amount: lent.amount, ttlMs: lent.ttlMs }
  }

  #grant(request: BudgetLeaseRequest) {
    const counter = this.count(request)
    const { proxy, run, lease: id, need } = request
    const left = counter.limit - counter.spent - counter.leased
    const holding = [...counter.lent].filter(lent => outstanding(lent) > 0)
    const proxies = new Set(holding.map(({ proxy }) => proxy)).add(proxy).size
    const lends = this.lends ?? ((left, need) => tranche({ left, need, proxies }))
    const amount = lends(left, need)
    if (amount < Math.max(1, need) || amount > left) return null
    counter.leased += amount
    counter.fence += 1
    const { fence } = counter
    const { ttlMs } = this
    const lent = { counter, proxy, run, fence, amount, settled: 0, ttlMs, open: true }
    this.leases.set(id, lent)
    counter.lent.add(lent)
    return { id, fence, amount, ttlMs }
  }

  async #arrive(): Promise<void> {
    await null
    if (this.away === 'yes') throw new LeaseFailure('controller_away', 'away')
  }

  #leave(): void {
    if (this.away === 'lost') throw new LeaseFailure('controller_away', 'lost')
  }
}

const noState: BudgetState = { limit: 0, extended: 0, spent: 0, reserved: 0 }

function close(lent: Lent): void {
  lent.open = false
  lent.counter.lent.delete(lent)
}

function outstanding({ amount, settled }: Lent): number {
  return Math.max(0, amount - settled)
}
