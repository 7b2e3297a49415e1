import type { BudgetPer, BudgetUnit, BudgetWindow } from '../../schemas/rule-table.ts'

/** Names one counter: whose, and since when. */
export interface CounterKey {
  readonly namespace: string
  readonly budget: string
  /** A value of what `per` names; empty for the namespace. */
  readonly counter: string
  /** Start of the window, ISO 8601 in UTC; empty for session and total. */
  readonly window: string
}

/** How a counter of a budget in force stands; micro-USD, tokens or calls. */
export interface BudgetCounter extends CounterKey {
  readonly per: BudgetPer
  readonly unit: BudgetUnit
  readonly windowKind: BudgetWindow
  /** As the table in force says, without extensions. */
  readonly limit: number
  /** What approvals added to it. */
  readonly extended: number
  /** Settled, and written off. */
  readonly spent: number
  /** Leased and not settled. */
  readonly reserved: number
  /** What can still be leased; never below 0. */
  readonly remaining: number
  readonly softLimit?: number
  /** When the window ends, ISO 8601. */
  readonly resetsAt?: string
  /** Leases of which something is not settled yet. */
  readonly leases: readonly CounterLease[]
}

interface CounterLease {
  readonly id: string
  readonly proxy: string
  readonly state: 'open' | 'closed' | 'written_off'
  readonly amount: number
  readonly settled: number
  readonly writtenOff: number
  readonly expiresAt: string
}

/** Which counters to show; every field narrows. */
export interface CounterFilter {
  readonly budget?: string
  readonly counter?: string
}

/** The budgets of the tables in force as people and other parts of the controller read them. */
export interface BudgetBook {
  /**
   * Counters of a namespace whose window has not ended, by budget, those that spent most first; at most 1,000. A
   * budget that counts for the whole namespace is there even if nobody has spent from it.
   */
  counters(namespace: string, filter?: CounterFilter): Promise<readonly BudgetCounter[]>
  /**
   * Calls the listener once for every counter and window whose soft limit is passed, of whatever process on the
   * same store; a listener that rejects is called again later. Returns how to stop.
   */
  onSoftLimit(listener: SoftLimitListener): () => void
}

/** Told that what is spent reached the soft limit. */
export type SoftLimitListener = (passed: BudgetCounter) => Promise<void> | void
