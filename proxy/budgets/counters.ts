import type { PlannedBudget } from '../../policy/spend/spend-plan.ts'
import type { BudgetLeaseRenewal } from '../../schemas/budget-lease.ts'
import { Counter, type CounterName } from './counter.ts'
import { LeaseFailure } from './failure.ts'
import type { LeaseOffice } from './lease-office.ts'

export interface CountersNeeds {
  readonly office: LeaseOffice
  readonly proxy: string
  /** Names this start of the proxy. */
  readonly run: string
  /** Number of the first entry that this start of the proxy writes. */
  readonly firstSeq: number
  readonly newId: () => string
  /** Milliseconds by a clock that is never set. */
  readonly monotonic: () => number
}

const most = 16_384
const mostInRenewal = 4096
/** For so long nobody is asked after nobody answered. */
const restMs = 1000
const forgottenMs = 60_000
/** What is idle goes back at least so often. */
const longestMs = 10_000

/** The counters that this proxy spends from, and the leases that it has of them. */
export class Counters {
  readonly #needs: CountersNeeds
  readonly #byKey = new Map<string, Counter>()
  #begun: Promise<void> | null = null
  #renewedAt = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(needs: CountersNeeds) {
    this.#needs = needs
  }

  /** The counter of a budget in the window of an instant, ms since 1970; null when there are too many. */
  of({ budget, windowAt }: PlannedBudget, namespace: string, whose: string, now: number) {
    const { start, end } = windowAt(now)
    const key = `${namespace}\n${budget.name}\n${budget.unit}\n${start}\n${whose}`
    const known = this.#byKey.get(key)
    const counter =
      known ??
      this.#open(key, { namespace, budget: budget.name, counter: whose, window: start }, end)
    if (counter !== null) counter.lastUsed = this.#needs.monotonic()
    return counter
  }

  /** Says that this proxy has started, until that is known. Rejects with a LeaseFailure. */
  begin(): Promise<void> {
    const { office, proxy, run, firstSeq } = this.#needs
    this.#begun ??= office.begin({ proxy, run, firstSeq }).catch(error => {
      this.#begun = null
      throw error
    })
    return this.#begun
  }

  /** Asks for a lease, or waits for the one that is asked for already. Rejects with a LeaseFailure. */
  refill(counter: Counter, need: number, table: string): Promise<void> {
    counter.asking ??= this.#ask(counter, need, table).finally(() => {
      counter.asking = null
    })
    return counter.asking
  }

  /** Lets the ledger be asked again at once about a counter of which it just said how it stands. */
  doubt({ namespace, budget, counter, window }: CounterName): void {
    for (const known of this.#byKey.values()) {
      const { name } = known
      const same = name.namespace === namespace && name.budget === budget
      if (same && name.counter === counter && name.window === window) known.doubt()
    }
  }

  /** The same for every counter of a namespace, whose budgets may be others now. */
  doubtAll(namespace: string): void {
    for (const known of this.#byKey.values()) if (known.name.namespace === namespace) known.doubt()
  }

  /**
   * Renews every lease; what has not been used lately goes back, and so does everything when `all` is set or the
   * window has ended, at `now` in ms since 1970. Rejects with a LeaseFailure.
   */
  async renew(now: number, all = false): Promise<void> {
    this.#sweep()
    this.#renewedAt = this.#needs.monotonic()
    const held = [...this.#byKey.values()].filter(({ leases }) => leases.length > 0)
    const standings = held.flatMap(counter =>
      counter.standings(all || counter.end <= now).map(standing => ({ counter, standing })),
    )
    for (let at = 0; at < standings.length; at += mostInRenewal) {
      await this.#renew(standings.slice(at, at + mostInRenewal))
    }
  }

  /** When leases are to be renewed next, by the clock that is never set; Infinity without leases. */
  dueAt(): number {
    let due = Number.POSITIVE_INFINITY
    for (const { leases } of this.#byKey.values()) {
      for (const lease of leases) due = Math.min(due, lease.dueAt, this.#renewedAt + longestMs)
    }
    return due
  }

  /** Whether calls in flight have anything set aside. */
  get holding(): boolean {
    for (const { leases } of this.#byKey.values()) {
      if (leases.some(({ held }) => held > 0)) return true
    }
    return false
  }

  /** No lease is asked for from now on. */
  close(): void {
    this.#closed = true
  }

  #open(key: string, name: CounterName, end: number): Counter | null {
    if (this.#byKey.size >= most) this.#sweep()
    if (this.#byKey.size >= most) return null
    const counter = new Counter(name, end)
    this.#byKey.set(key, counter)
    return counter
  }

  #sweep(): void {
    const now = this.#needs.monotonic()
    for (const [key, { leases, asking, lastUsed }] of this.#byKey) {
      const idle = leases.length === 0 && asking === null && now - lastUsed > forgottenMs
      if (idle) this.#byKey.delete(key)
    }
  }

  async #ask(counter: Counter, need: number, table: string): Promise<void> {
    const { office, proxy, run, newId, monotonic } = this.#needs
    if (this.#closed || monotonic() < counter.restUntil) {
      throw new LeaseFailure('controller_away', 'the controller has not answered just now')
    }
    try {
      await this.begin()
      const asleep = counter.leases.filter(lease => lease.isAsleep(monotonic()))
      if (asleep.length > 0) {
        const whole = Number.POSITIVE_INFINITY
        return await this.#renew(asleep.map(one => ({ counter, standing: one.standing(whole) })))
      }
      const askedAt = monotonic()
      counter.unanswered ??= newId()
      const asked = { ...counter.name, proxy, run, lease: counter.unanswered, table, need }
      const { lease, state } = await office.lease(asked)
      counter.unanswered = null
      counter.hear(state, monotonic())
      if (lease !== null) counter.add(lease, askedAt)
    } catch (error) {
      counter.restUntil = monotonic() + restMs
      if (error instanceof LeaseFailure && error.code === 'request_refused')
        counter.unanswered = null
      throw error
    }
  }

  async #renew(standings: readonly Standing[]): Promise<void> {
    const { office, proxy, run, monotonic } = this.#needs
    const askedAt = monotonic()
    const leases = standings.map(({ standing }) => standing)
    const answer = await office.renew({ proxy, run, leases })
    const news = new Map(answer.leases.map(lease => [lease.id, lease]))
    const asked = new Set(leases.map(({ id }) => id))
    for (const counter of new Set(standings.map(({ counter }) => counter))) {
      for (const lease of counter.leases) {
        if (!asked.has(lease.id)) continue
        const { ttlMs = 0, state } = news.get(lease.id) ?? {}
        lease.renew(askedAt, ttlMs)
        if (state !== undefined) counter.hear(state, monotonic())
      }
      counter.drop(asked)
    }
  }
}

interface Standing {
  readonly counter: Counter
  readonly standing: BudgetLeaseRenewal['leases'][number]
}
