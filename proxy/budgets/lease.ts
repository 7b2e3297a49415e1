import type { BudgetLease, BudgetLeaseRenewal } from '../../schemas/budget-lease.ts'

/** What one call has set aside in one lease. */
export interface Part {
  readonly lease: Lease
  readonly amount: number
}

/** A lease as this proxy has used it. Times are of a clock that is never set. */
export class Lease {
  readonly id: string
  readonly fence: number
  /** What may be reserved from it in all; it only ever gets smaller. */
  amount: number
  /** Settled. */
  used = 0
  /** Reserved by calls in flight. */
  held = 0
  /** Nothing is reserved from it after this instant. */
  until: number
  ttlMs: number
  /** The controller wants it back: nothing is kept of it. */
  recalled = false
  /** The controller was told that nothing of it is held or kept. */
  returned = false

  #renewedAt = Number.NEGATIVE_INFINITY

  constructor({ id, fence, amount, ttlMs }: BudgetLease, askedAt: number) {
    this.id = id
    this.fence = fence
    this.amount = amount
    this.ttlMs = ttlMs
    this.until = askedAt + ttlMs
  }

  /** Good for so long again; 0 calls it back. */
  renew(askedAt: number, ttlMs: number): void {
    if (askedAt < this.#renewedAt) return
    this.#renewedAt = askedAt
    if (ttlMs > 0) this.ttlMs = ttlMs
    else this.recalled = true
    this.until = askedAt + ttlMs
  }

  /** What may still be reserved. */
  left(now: number): number {
    return now < this.until ? Math.max(0, this.amount - this.used - this.held) : 0
  }

  /** When it is to be renewed: early enough for two renewals to fail. */
  get dueAt(): number {
    if (this.recalled) return this.held === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
    return this.until - (this.ttlMs * 2) / 3
  }

  /** Whether a renewal would make something of it available again. */
  isAsleep(now: number): boolean {
    return now >= this.until && !this.recalled && this.amount > this.used + this.held
  }

  /** How it stands, after what is not kept is let go of: the controller may give that to others from now on. */
  standing(wanted: number): BudgetLeaseRenewal['leases'][number] {
    const { id, fence, used, held } = this
    const keep = this.recalled ? 0 : Math.max(0, Math.min(wanted, this.amount - used - held))
    this.amount = Math.min(this.amount, used + held + keep)
    this.returned = held === 0 && keep === 0
    return { id, fence, used, held, keep }
  }
}
