import { amountBound, amountSpent, clippedOutput } from '../../policy/spend/amount.ts'
import type { PlannedBudget } from '../../policy/spend/spend-plan.ts'
import { type Bill, modelBill, toolBill } from './bill.ts'
import type { Quote } from './budgets.ts'
import type { Demand } from './supply.ts'

/** What a call wants of the budgets that concern it. */
export interface Wish {
  readonly outputTokens: number
  /** Null when the price is not known. */
  demand(planned: PlannedBudget): Demand | null
  /** The output tokens that an amount pays for, up to those wanted. */
  outputFor(planned: PlannedBudget, amount: number): number
  bill(outputTokens: number, plan: readonly PlannedBudget[]): Bill
}

export function modelWish(quote: Quote): Wish {
  const { outputTokens } = quote
  const least = { ...quote, outputTokens: Math.min(outputTokens, quote.leastOutputTokens) }
  return {
    outputTokens,
    demand({ budget }) {
      const full = amountBound(budget, quote)
      return full === null ? null : { full, least: amountBound(budget, least) ?? full }
    },
    outputFor: ({ budget }, amount) => clippedOutput(budget, quote, amount),
    bill: (output, plan) => modelBill(quote, output, plan),
  }
}

export function toolWish(tool: string): Wish {
  return {
    outputTokens: 0,
    demand(planned) {
      const amount = amountSpent(planned, { kind: 'tool', tool }) ?? 0
      return { full: amount, least: amount }
    },
    outputFor: () => 0,
    bill: (_output, plan) => toolBill(tool, plan),
  }
}
