import type { BudgetCharge, BudgetState } from '../../schemas/budget-lease.ts'
import type { TableAgent, TableBudget, TablePrice } from '../../schemas/rule-table.ts'
import type { CostSource, Usage } from '../../schemas/usage.ts'

/** Who spends, and on what. */
export interface Spender {
  readonly namespace: string
  readonly agent: TableAgent
  readonly apiKey: string
  readonly session: string
  /** Model by the name that its provider entry has, or tool by the name that clients use. */
  readonly model?: string
  readonly tool?: string
}

/** The most that a call can use. */
export interface Quote {
  /** Upper bound. */
  readonly inputTokens: number
  /** What the client asked for, or the most that the model can answer with; 0 when nothing is generated. */
  readonly outputTokens: number
  /** Below this the answer is of no use and the call is refused instead of clipped. */
  readonly leastOutputTokens: number
  /** Null when nobody knows it. */
  readonly price: TablePrice | null
  readonly priceFrom: CostSource
}

/** Why a budget does not pay: the state of its counter as far as this proxy knows. */
export interface Shortage {
  readonly reason: 'budget_exceeded' | 'budget_unavailable' | 'price_unknown'
  readonly namespace: string
  readonly budget: TableBudget
  /** Whose counter, in words of `per`. */
  readonly counter: string
  /** Start of the window, ISO 8601; empty for session and total. */
  readonly window: string
  /** Absent while the controller has not said it. */
  readonly state?: BudgetState
  /** What the call needed at the least, in the unit of the budget. */
  readonly needed: number
  /** What came of asking people to extend the budget, in sentences. */
  readonly asked?: string
}

/** What is settled once a call has ended, whatever became of it. */
export interface Actual {
  /** False: nothing was sent, so nothing is charged. */
  readonly sent: boolean
  /** Null when nobody can tell: all that was reserved is charged. */
  readonly usage: Usage | null
}

/** What the outcome of a call says about money. */
export interface Settled {
  /** Absent when the price is not known. */
  readonly costMicroUsd?: number
  readonly costSource: CostSource
  readonly charges: readonly BudgetCharge[]
}

/** An amount set aside for one call in every budget that concerns it. */
export interface Reservation {
  /** Most tokens that the answer may have, clipped to what every budget can pay for. */
  readonly maxOutputTokens: number
  /** Micro-USD that the call can cost at most; absent when the price is not known. */
  readonly reservedMicroUsd?: number
  /** What is set aside, as the attempt of the call carries it: after a crash it is what the call is charged. */
  readonly charges: readonly BudgetCharge[]
  /** Budgets whose soft limit is passed, by name. */
  readonly softLimits: readonly string[]
  /** Ends the reservation; only the first call counts. The charges belong into the outcome of the call. */
  settle(actual: Actual): Settled
}

export type Reserved =
  | { readonly ok: true; readonly reservation: Reservation }
  | { readonly ok: false; readonly shortage: Shortage }

/** The budgets as the data path sees them. */
export interface Budgets {
  /**
   * Sets aside what a call can use in every budget of the table in force that concerns it, or in none. At once
   * while leases suffice; else it resolves when the controller has answered or cannot be reached.
   */
  reserve(spender: Spender, quote: Quote): Reserved | Promise<Reserved>
  /** Sets aside what one call of a tool counts for; null at once when no budget concerns it. */
  reserveTool(spender: Spender): Reserved | Promise<Reserved> | null
  /** Forgets how the counter stood, because somebody may have extended the budget. */
  reconsider(shortage: Shortage): void
}
