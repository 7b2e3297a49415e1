import type { TableBudget, TablePrice } from '../../schemas/rule-table.ts'
import type { CostSource, Usage } from '../../schemas/usage.ts'
import { costBound, costOf, mostAmount, outputWithin, tokens } from './cost.ts'
import type { PlannedBudget } from './spend-plan.ts'

/** The most that a call of a model can use. */
export interface Estimate {
  /** Upper bound. */
  readonly inputTokens: number
  readonly outputTokens: number
  /** Null when nobody knows it. */
  readonly price: TablePrice | null
}

/** What a call used that has ended, as its record says it. */
export type Spent =
  | {
      readonly kind: 'model'
      readonly usage: Usage
      /** Absent when nobody knows the price. */
      readonly costMicroUsd?: number
      readonly costSource: CostSource
    }
  | { readonly kind: 'tool'; readonly tool: string }

/** The price by which a budget counts a model: a fallback only where there is no other. */
export function priceFor(
  { fallbackPrice }: TableBudget,
  price: TablePrice | null,
): TablePrice | null {
  return price ?? fallbackPrice ?? null
}

/** The most that a call of a model takes from a budget, in its unit; null when the price is not known. */
export function amountBound(budget: TableBudget, estimate: Estimate): number | null {
  const { inputTokens, outputTokens } = estimate
  switch (budget.unit) {
    case 'calls':
      return 1
    case 'tokens':
      return tokens(inputTokens) + tokens(outputTokens)
    case 'usd': {
      const price = priceFor(budget, estimate.price)
      return price && costBound(price, inputTokens, outputTokens)
    }
  }
}

/**
 * The most output tokens, up to those of the estimate, that an amount of a budget pays for; negative when it does not
 * even pay for the input, or when the price is not known.
 */
export function clippedOutput(budget: TableBudget, estimate: Estimate, available: number): number {
  const { inputTokens, outputTokens } = estimate
  switch (budget.unit) {
    case 'calls':
      return available >= 1 ? outputTokens : -1
    case 'tokens':
      return Math.min(outputTokens, available - tokens(inputTokens))
    case 'usd': {
      const price = priceFor(budget, estimate.price)
      return price === null ? -1 : outputWithin(price, available, inputTokens, outputTokens)
    }
  }
}

/** What a call took from a budget, in its unit; null when the price is not known. */
export function amountSpent({ budget, toolPrice }: PlannedBudget, spent: Spent): number | null {
  if (budget.unit === 'calls') return 1
  if (spent.kind === 'tool') return budget.unit === 'usd' ? toolPrice(spent.tool) : 0
  const { usage } = spent
  if (budget.unit === 'tokens') return tokens(usage.inputTokens) + tokens(usage.outputTokens)
  return costIn(budget, spent)
}

/** Two budgets may stand in for a missing price in different ways. */
function costIn({ fallbackPrice }: TableBudget, spent: Spent & { kind: 'model' }): number | null {
  const { usage, costMicroUsd, costSource } = spent
  const known = costSource === 'provider' || costSource === 'catalogue'
  if (!known && fallbackPrice !== undefined) return costOf(fallbackPrice, usage)
  return costMicroUsd === undefined ? null : Math.min(costMicroUsd, mostAmount)
}
