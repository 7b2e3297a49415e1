import type { Kysely, Transaction } from 'kysely'
import type {
  BudgetLeaseAnswer,
  BudgetLeaseRenewal,
  BudgetLeaseRenewed,
  BudgetLeaseRequest,
  BudgetRun,
} from '../../schemas/budget-lease.ts'
import type { Settling } from '../ledger/ledger.ts'
import type { NewRow } from '../ledger/row.ts'
import type { Database } from '../store/database.ts'
import type { BudgetBook, BudgetCounter, CounterFilter, SoftLimitListener } from './budget-book.ts'
import type { Incident } from './dues.ts'
import { freeEveryRun, freeRuns } from './free-runs.ts'
import { grantLease, type LendingNeeds } from './grant-lease.ts'
import { type LeaseLife, leaseLife } from './lease-life.ts'
import { planReader } from './plan-in-force.ts'
import { startRun } from './proxy-runs.ts'
import { readCounters } from './read-counters.ts'
import { renewLeases } from './renew-leases.ts'
import { settleEntries } from './settle-entries.ts'
import { type BudgetName, tellSoftLimit, untoldBudgets } from './soft-limits.ts'
import { forgetLeases, writeOff } from './write-off.ts'

export interface StoredBudgetsNeeds {
  readonly db: Kysely<Database>
  readonly now: () => number
  /** How long leases live; as `leaseLife` says when omitted. */
  readonly life?: Partial<LeaseLife>
  /** Told of charges that a proxy in order never writes. */
  readonly onIncident: (incident: Incident) => void
}

/** The ledger of budgets: lends to proxies, charges what they record, never more than the limits in force. */
export class StoredBudgets implements BudgetBook, Settling {
  readonly #lending: LendingNeeds
  readonly #onIncident: StoredBudgetsNeeds['onIncident']
  readonly #listeners = new Set<SoftLimitListener>()
  /** Budgets that were charged since somebody looked at their soft limits, by `namespace/name`. */
  readonly #charged = new Map<string, BudgetName>()
  /** Proxies whose entries came since somebody looked at what they had leased before, with the first of these. */
  readonly #heard = new Map<string, number>()
  #wake: () => void = () => undefined

  constructor({ db, now, life, onIncident }: StoredBudgetsNeeds) {
    this.#lending = { db, now, plans: planReader(), life: { ...leaseLife, ...life } }
    this.#onIncident = onIncident
  }

  grant(request: BudgetLeaseRequest): Promise<BudgetLeaseAnswer> {
    return grantLease(this.#lending, request)
  }

  renew(renewal: BudgetLeaseRenewal): Promise<BudgetLeaseRenewed> {
    return renewLeases(this.#lending, renewal)
  }

  /** Notes that a proxy started, and frees what its earlier starts leased if the ledger has all their entries. */
  async started(run: BudgetRun): Promise<void> {
    const { db, now } = this.#lending
    await startRun(db, run, new Date(now()))
    await freeRuns(db, run.proxy, new Date(now()))
  }

  async settle(db: Transaction<Database>, entries: readonly NewRow[]): Promise<() => void> {
    const { counters, incidents } = await settleEntries(db, this.#lending.plans, entries)
    return () => {
      for (const incident of incidents) this.#onIncident(incident)
      for (const { namespace, budget } of counters) {
        this.#charged.set(`${namespace}/${budget}`, { namespace, budget })
      }
      for (const { proxy, seq } of entries) {
        this.#heard.set(proxy, Math.min(seq, this.#heard.get(proxy) ?? seq))
      }
      this.#wake()
    }
  }

  counters(namespace: string, filter: CounterFilter = {}): Promise<readonly BudgetCounter[]> {
    return readCounters(this.#lending, namespace, filter)
  }

  onSoftLimit(listener: SoftLimitListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Calls the function when there may be something for `look` to do; one function at a time. */
  onWork(wake: () => void): void {
    this.#wake = wake
  }

  /** Does what newly stored entries make possible: frees what earlier starts leased, tells of soft limits. */
  async look(): Promise<void> {
    const heard = [...this.#heard]
    this.#heard.clear()
    const charged = [...this.#charged]
    this.#charged.clear()
    const { db, now } = this.#lending
    const failures: unknown[] = []
    for (const [proxy, firstFresh] of heard) {
      await freeRuns(db, proxy, new Date(now()), firstFresh).catch(error => {
        this.#heard.set(proxy, Math.min(firstFresh, this.#heard.get(proxy) ?? firstFresh))
        failures.push(error)
      })
    }
    for (const [name, budget] of charged) {
      await tellSoftLimit(this.#lending, budget, this.#listeners).catch(error => {
        this.#charged.set(name, budget)
        failures.push(error)
      })
    }
    if (failures.length > 0) throw new AggregateError(failures, 'budgets not looked after')
  }

  /** Looks at everything that `look` would have found had this process seen it. */
  async lookAtAll(): Promise<void> {
    const { db, now } = this.#lending
    const at = new Date(now())
    for (const { namespace, budget } of await untoldBudgets(db, at)) {
      this.#charged.set(`${namespace}/${budget}`, { namespace, budget })
    }
    await freeEveryRun(db, at)
    await this.look()
  }

  /** Writes off some of what nobody settles any more, and forgets what is long over. True when there may be more. */
  async writeOff(): Promise<boolean> {
    const { db, now, life } = this.#lending
    await forgetLeases(db, new Date(now() - life.forgetMs))
    return writeOff(db, new Date(now() - life.writeOffMs), new Date(now()))
  }
}
