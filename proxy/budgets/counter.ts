import type { BudgetLease, BudgetState } from '../../schemas/budget-lease.ts'
import { Lease, type Part } from './lease.ts'

/** Names one counter. */
export interface CounterName {
  readonly namespace: string
  readonly budget: string
  /** Whose, in words of `per`. */
  readonly counter: string
  /** Start of the window, ISO 8601; empty for session and total. */
  readonly window: string
}

/** What was asked for. */
export interface Asked {
  readonly lease: string
  readonly need: number
  readonly table: string
}

/** For so long it is believed what the ledger said is left, so that a budget that is spent costs it nothing. */
const believedMs = 500

/** One counter of a budget: the leases that this proxy has of it. Times are of a clock that is never set. */
export class Counter {
  readonly name: CounterName
  /** When the window ends, ms since 1970. */
  readonly end: number
  leases: Lease[] = []
  /** How it stood at the ledger when that last said so. */
  state: BudgetState | null = null
  /** The request for a lease that is under way; resolves when it has been answered, and rejects with a LeaseFailure. */
  asking: Promise<void> | null = null
  /** The lease that was asked for last and whose answer has not come. */
  unanswered: Asked | null = null
  /** Nobody is asked before this instant, because just now nobody answered. */
  restUntil = Number.NEGATIVE_INFINITY
  lastUsed = 0
  /** Below this more is asked for ahead of need. */
  #lowWater = 0
  #heardAt = Number.NEGATIVE_INFINITY
  /** The least that is spent: what the ledger said, and what was settled here since. */
  #spent = 0
  /** Settled since the last renewal, and the most that one call set aside. */
  #turnover = 0
  #peak = 0

  constructor(name: CounterName, end: number) {
    this.name = name
    this.end = end
  }

  /** What may be reserved at once. */
  available(now: number): number {
    let sum = 0
    for (const lease of this.leases) sum += lease.left(now)
    return sum
  }

  /** What can be had by asking, or null when that is not known. */
  leftAtLedger(now: number): number | null {
    if (this.leases.some(lease => lease.isAsleep(now))) return null
    if (this.state === null || now - this.#heardAt > believedMs) return null
    const { limit, spent, reserved } = this.state
    return Math.max(0, limit - spent - reserved)
  }

  /** How it stands as far as is known here: what was settled here may not have reached the ledger yet. */
  standing(): BudgetState | null {
    if (this.state === null) return null
    const { spent, reserved } = this.state
    const known = Math.min(Math.max(spent, this.#spent), spent + reserved)
    return { ...this.state, spent: known, reserved: spent + reserved - known }
  }

  /** Lets the ledger be asked again at once. */
  doubt(): void {
    this.#heardAt = Number.NEGATIVE_INFINITY
    this.restUntil = Number.NEGATIVE_INFINITY
  }

  hear(state: BudgetState, now: number): void {
    this.state = state
    this.#heardAt = now
    // What was settled here may not have reached the ledger yet.
    this.#spent = Math.max(this.#spent, state.spent)
  }

  add(lease: BudgetLease, askedAt: number): void {
    this.leases.push(new Lease(lease, askedAt))
    this.#lowWater = Math.floor(lease.amount / 4)
  }

  /** What to ask for before it is needed: as much as calls needed lately; null when there is enough, or no more. */
  aheadOfNeed(now: number): number | null {
    const rests = this.asking !== null || now < this.restUntil || this.#peak === 0
    if (rests || this.available(now) >= this.#lowWater) return null
    const left = this.leftAtLedger(now)
    return left === null || left >= this.#peak ? this.#peak : null
  }

  /** Sets aside an amount that is available; what one lease can bear is taken from one. */
  take(amount: number, now: number): readonly Part[] {
    if (amount === 0) return []
    this.#peak = Math.max(this.#peak, amount)
    const enough = this.leases.find(lease => lease.left(now) >= amount)
    if (enough !== undefined) return [hold(enough, amount)]
    const parts: Part[] = []
    let missing = amount
    for (const lease of this.leases) {
      const some = Math.min(missing, lease.left(now))
      if (some > 0) parts.push(hold(lease, some))
      missing -= some
    }
    return parts
  }

  /** Turns what was set aside into what was spent, which may be more; returns what each lease is charged. */
  settle(parts: readonly Part[], amount: number): readonly Part[] {
    let missing = amount
    const charged: Part[] = []
    for (const [i, { lease, amount: held }] of parts.entries()) {
      const part = i === parts.length - 1 ? missing : Math.min(missing, held)
      lease.held -= held
      lease.used += part
      missing -= part
      if (part > 0) charged.push({ lease, amount: part })
    }
    this.#turnover += amount
    this.#spent += amount
    return charged
  }

  /** Whether as much as `softLimit` is spent, as far as this proxy knows. */
  isPast(softLimit: number): boolean {
    return this.#spent >= softLimit
  }

  /**
   * How its leases stand for a renewal. Kept is what was settled since the last one, and once more the most that a
   * call set aside: an idle counter gives everything back.
   */
  standings(nothing: boolean) {
    let keep = nothing ? 0 : this.#turnover + this.#peak
    this.#turnover = 0
    this.#peak = 0
    const standings = this.leases.map(lease => {
      const standing = lease.standing(keep)
      keep -= standing.keep
      return standing
    })
    const kept = standings.reduce((sum, standing) => sum + standing.keep, 0)
    this.#lowWater = Math.min(this.#lowWater, Math.floor(kept / 4))
    return standings
  }

  /** Forgets leases that the controller knows to be given back. */
  drop(renewed: ReadonlySet<string>): void {
    this.leases = this.leases.filter(({ id, returned }) => !(returned && renewed.has(id)))
  }
}

function hold(lease: Lease, amount: number): Part {
  lease.held += amount
  return { lease, amount }
}
