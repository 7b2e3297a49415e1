import type { Concern } from '../../policy/spend/spend-plan.ts'
import type { BudgetLeaseRenewal } from '../../schemas/budget-lease.ts'
import type { Spender } from './budgets.ts'
import { type Asked, Counter, type CounterName } from './counter.ts'
import { LeaseFailure } from './failure.ts'
import type { LeaseOffice } from './lease-office.ts'

export interface CountersNeeds {
  readonly office: LeaseOffice
  readonly proxy: string
  /** Names this start of the proxy. */
  readonly run: string
  /** Number of the first entry that this start of the proxy writes. */
  readonly firstSeq: number
  readonly start: number
  readonly newId: () => string
  /** Milliseconds by a clock that is never set. */
  readonly monotonic: () => number
}

const most = 16_384
/** Agents choose the names of their sessions, and no agent may take the room of the others. */
const mostForOne = 1024
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
  /** Which agent's call opened a counter, and how many each has opened. */
  readonly #openers = new WeakMap<Counter, string>()
  readonly #opened = new Map<string, number>()
  #begun: Promise<void> | null = null
  #renewedAt = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(needs: CountersNeeds) {
    this.#needs = needs
  }

  /**
   * The counter of a budget in the window of an instant, ms since 1970, for a call of an agent; null when there are too
   * many.
   */
  of(
    { planned, counter: whose }: Concern,
    { namespace, agent }: Pick<Spender, 'namespace' | 'agent'>,
    now: number,
  ) {
    const { budget, windowAt } = planned
    const { start, end } = windowAt(now)
    const key = `${namespace}\n${budget.name}\n${budget.unit}\n${start}\n${whose}`
    const known = this.#byKey.get(key)
    const name = { namespace, budget: budget.name, counter: whose, window: start }
    const counter = known ?? this.#open(key, new Counter(name, end), `${namespace}/${agent.name}`)
    if (counter !== null) counter.lastUsed = this.#needs.monotonic()
    return counter
  }

  /** Says that this proxy has started, until that is known. Rejects with a LeaseFailure. */
  begin(): Promise<void> {
    const { office, proxy, run, firstSeq, start } = this.#needs
    this.#begun ??= office.begin({ proxy, run, firstSeq, start }).catch(error => {
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
    await this.#findLost()
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
    for (const counter of this.#byKey.values()) {
      for (const { dueAt } of counter.leases)
        due = Math.min(due, dueAt, this.#renewedAt + longestMs)
      if (isLost(counter)) due = Math.min(due, counter.restUntil)
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

  /** How many leases there are. */
  get leases(): number {
    let count = 0
    for (const { leases } of this.#byKey.values()) count += leases.length
    return count
  }

  /** No lease is asked for from now on. */
  close(): void {
    this.#closed = true
  }

  /** Null when there are too many, of all or of those that calls of one agent opened. */
  #open(key: string, counter: Counter, opener: string): Counter | null {
    if (this.#byKey.size >= most) this.#sweep()
    const opened = this.#opened.get(opener) ?? 0
    if (this.#byKey.size >= most || opened >= mostForOne) return null
    this.#opened.set(opener, opened + 1)
    this.#openers.set(counter, opener)
    this.#byKey.set(key, counter)
    return counter
  }

  #forget(key: string, counter: Counter): void {
    const opener = this.#openers.get(counter) ?? ''
    const left = (this.#opened.get(opener) ?? 1) - 1
    if (left === 0) this.#opened.delete(opener)
    else this.#opened.set(opener, left)
    this.#byKey.delete(key)
  }

  #sweep(): void {
    const now = this.#needs.monotonic()
    for (const [key, counter] of this.#byKey) {
      const { leases, asking, unanswered, lastUsed } = counter
      const unused = leases.length === 0 && asking === null && unanswered === null
      const idle = unused && now - lastUsed > forgottenMs
      if (idle) this.#forget(key, counter)
    }
  }

  async #ask(counter: Counter, need: number, table: string): Promise<void> {
    const { newId, monotonic } = this.#needs
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
      const { lease = newId() } = counter.unanswered ?? {}
      await this.#lease(counter, { lease, need, table })
    } catch (error) {
      counter.restUntil = monotonic() + restMs
      if (error instanceof LeaseFailure && error.code === 'request_refused') {
        counter.unanswered = null
        // The ledger may have lost that this proxy started.
        this.#begun = null
      }
      throw error
    }
  }

  async #lease(counter: Counter, asked: Asked): Promise<void> {
    const { office, proxy, run, monotonic } = this.#needs
    const askedAt = monotonic()
    counter.unanswered = asked
    const { lease, state } = await office.lease({ ...counter.name, proxy, run, ...asked })
    if (lease !== null && lease.id !== asked.lease) {
      throw new LeaseFailure('answer_malformed', 'the controller answered about another lease')
    }
    counter.unanswered = null
    counter.hear(state, monotonic())
    if (lease !== null) counter.add(lease, askedAt)
  }

  /** Asks once more for leases whose answers were lost: they may be there, and nobody else can give them back. */
  async #findLost(): Promise<void> {
    const lost = [...this.#byKey.values()].filter(isLost)
    await Promise.all(lost.map(counter => this.#findOne(counter)))
  }

  async #findOne(counter: Counter): Promise<void> {
    const { unanswered } = counter
    if (unanswered === null) return
    // Nobody else may ask meanwhile: one lease must not be taken in twice.
    counter.asking = this.#lease(counter, unanswered)
      .catch(() => undefined)
      .finally(() => {
        counter.asking = null
      })
    await counter.asking
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

/** Whether a lease was asked for, and nobody waits for the answer any more. */
function isLost({ unanswered, asking }: Counter): boolean {
  return unanswered !== null && asking === null
}

interface Standing {
  readonly counter: Counter
  readonly standing: BudgetLeaseRenewal['leases'][number]
}
