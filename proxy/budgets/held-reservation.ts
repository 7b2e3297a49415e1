import type { PlannedBudget } from '../../policy/spend/spend-plan.ts'
import type { BudgetCharge } from '../../schemas/budget-lease.ts'
import type { Bill } from './bill.ts'
import type { Actual, Reservation, Settled } from './budgets.ts'
import type { Counter } from './counter.ts'
import type { Part } from './lease.ts'

/** What is set aside in one counter. */
export interface Hold {
  readonly planned: PlannedBudget
  readonly counter: Counter
  readonly parts: readonly Part[]
}

/** A reservation that has been made. `onEnd` is told when it ends. */
export function heldReservation(
  holds: readonly Hold[],
  bill: Bill,
  maxOutputTokens: number,
  onEnd: () => void,
): Reservation {
  let settled: Settled | null = null
  return {
    maxOutputTokens,
    ...(bill.bound !== undefined && { reservedMicroUsd: bill.bound }),
    charges: holds.flatMap(({ counter, parts }) => chargesOf(counter, parts)),
    softLimits: softLimitsPast(holds),
    settle(actual) {
      if (settled !== null) return settled
      settled = settle(holds, bill, actual)
      onEnd()
      return settled
    },
  }
}

function settle(holds: readonly Hold[], bill: Bill, { sent, usage }: Actual): Settled {
  const charges = holds.flatMap(({ planned, counter, parts }) => {
    const reserved = parts.reduce((sum, { amount }) => sum + amount, 0)
    const spent = usage === null ? reserved : bill.amountSpent(planned, usage)
    return chargesOf(counter, counter.settle(parts, sent ? spent : 0))
  })
  return sent
    ? { ...bill.cost(usage), charges }
    : { costMicroUsd: 0, costSource: bill.cost(null).costSource, charges }
}

function chargesOf({ name }: Counter, parts: readonly Part[]): BudgetCharge[] {
  const { budget, counter, window } = name
  return parts.map(({ lease, amount }) => ({ budget, counter, window, lease: lease.id, amount }))
}

/** A budget is named once, however many counters of it are past their soft limit. */
function softLimitsPast(holds: readonly Hold[]): readonly string[] {
  const past = holds.filter(({ planned, counter }) => {
    const { softLimit } = planned.budget
    return softLimit !== undefined && counter.isPast(softLimit)
  })
  return [...new Set(past.map(({ planned }) => planned.budget.name))]
}
