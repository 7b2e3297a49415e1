import { amountBound, amountSpent, priceFor } from '../../policy/spend/amount.ts'
import { costBound, costOf } from '../../policy/spend/cost.ts'
import type { PlannedBudget } from '../../policy/spend/spend-plan.ts'
import type { TablePrice } from '../../schemas/rule-table.ts'
import type { CostSource, Usage } from '../../schemas/usage.ts'
import type { Quote, Settled } from './budgets.ts'

/** What a call costs, in money and in the unit of each budget. */
export interface Bill {
  /** The most micro-USD that the call can cost; absent when nobody knows. */
  readonly bound?: number
  /** The most that it can take from a budget. */
  amountBound(planned: PlannedBudget): number
  /** What it took from a budget. */
  amountSpent(planned: PlannedBudget, usage: Usage): number
  /** What it cost; without usage the most it can have cost. */
  cost(usage: Usage | null): Omit<Settled, 'charges'>
}

/** The bill of a call of a model with so many output tokens at most. */
export function modelBill(
  quote: Quote,
  outputTokens: number,
  plan: readonly PlannedBudget[],
): Bill {
  const { inputTokens, price, priceFrom } = quote
  const estimate = { inputTokens, outputTokens, price }
  const prices = price === null ? fallbacks(plan) : [price]
  const costSource: CostSource = price === null && prices.length > 0 ? 'fallback' : priceFrom
  const dearest = (cost: (price: TablePrice) => number) =>
    prices.length === 0 ? undefined : Math.max(...prices.map(cost))
  const bound = dearest(price => costBound(price, inputTokens, outputTokens))
  const cost = (usage: Usage | null) => {
    const micro = usage === null ? bound : dearest(price => costOf(price, usage))
    return { ...(micro !== undefined && { costMicroUsd: micro }), costSource }
  }
  return {
    ...(bound !== undefined && { bound }),
    cost,
    amountBound: ({ budget }) => amountBound(budget, estimate) ?? 0,
    amountSpent: (planned, usage) =>
      amountSpent(planned, { kind: 'model', usage, ...cost(usage) }) ?? 0,
  }
}

function fallbacks(plan: readonly PlannedBudget[]): readonly TablePrice[] {
  return plan.flatMap(({ budget }) => (budget.unit === 'usd' ? (priceFor(budget, null) ?? []) : []))
}

/** The bill of one call of a tool; where budgets price it differently, it cost the most that one says. */
export function toolBill(tool: string, plan: readonly PlannedBudget[]): Bill {
  const amount = (planned: PlannedBudget) => amountSpent(planned, { kind: 'tool', tool }) ?? 0
  const prices = plan.flatMap(({ toolPrice }) => toolPrice(tool) ?? [])
  const bound = prices.length === 0 ? undefined : Math.max(...prices)
  const known = bound !== undefined && { costMicroUsd: bound }
  return {
    ...(bound !== undefined && { bound }),
    cost: () => ({ ...known, costSource: bound === undefined ? 'unpriced' : 'tool' }),
    amountBound: amount,
    amountSpent: amount,
  }
}
