import { amountSpent, priceFor } from '../../policy/spend/amount.ts'
import { costOf } from '../../policy/spend/cost.ts'
import { concerns, type PlannedBudget, payerOf } from '../../policy/spend/spend-plan.ts'
import type { Record as Entry } from '../../schemas/record.ts'
import type { TablePrice } from '../../schemas/rule-table.ts'
import type { Usage } from '../../schemas/usage.ts'
import { offered, type Side } from './side.ts'

/** What a call would take from a counter of a budget. */
export interface Draw {
  readonly budget: string
  readonly counter: string
  /** Start of the window, empty for session and total; null when nobody knows when the call was made. */
  readonly window: string | null
  /** Micro-USD, tokens or calls; `unpriced` when the budget would have refused for want of a price, null when nobody knows. */
  readonly amount: number | 'unpriced' | null
}

/** What is known of what a call used. */
export interface Use {
  /** How the call was made; null when it was not, or nobody knows how it ended. */
  readonly ended: Entry | null
  /** What was set aside for it, where it is not known how it ended. */
  readonly attempt: Entry
}

/** What a call would take from the budgets of a side that concern it; null when nobody knows who would pay. */
export function drawsOf(side: Side, use: Use, time: number | null): readonly Draw[] | null {
  if (side.budgets.length === 0) return none
  const { agent = '', apiKey = '', session = '', kind, tool, model } = use.attempt
  const known = side.agents.get(agent)
  if (known === undefined) return null
  const what = kind === 'model' ? { model: model ?? '' } : { tool: tool ?? '' }
  const found = concerns(side.budgets, payerOf(known, { apiKey, session, ...what }))
  if (found.length === 0) return none
  const amountOf = kind === 'model' ? modelAmounts(side, use) : toolAmounts(use.attempt)
  return found.map(({ planned, counter }) => ({
    budget: planned.budget.name,
    counter,
    window: windowOf(planned, time),
    amount: amountOf(planned),
  }))
}

const none: readonly Draw[] = []

function windowOf({ budget, windowAt }: PlannedBudget, time: number | null): string | null {
  if (budget.window === 'session' || budget.window === 'total') return ''
  return time === null ? null : windowAt(time).start
}

type AmountOf = (planned: PlannedBudget) => Draw['amount']

function toolAmounts({ tool = '' }: Entry): AmountOf {
  return planned => amountSpent(planned, { kind: 'tool', tool })
}

function modelAmounts(side: Side, { ended, attempt }: Use): AmountOf {
  const found = offered(side, attempt.provider ?? '', attempt.model ?? '')
  const free = found?.provider.protocol === 'scripted' ? freePrice : null
  const price = found?.model.price ?? free
  const money = moneyOf(price, { ended, attempt }, found?.model.priceFrom)
  return planned => {
    const { unit } = planned.budget
    if (unit === 'calls') return 1
    if (unit === 'usd') return money(planned)
    const usage = ended?.usage
    return usage ? amountSpent(planned, { kind: 'model', usage, costSource: 'unpriced' }) : null
  }
}

/** Where nobody knows what a call used, all that had been set aside for it was charged. */
function moneyOf(price: TablePrice | null, { ended, attempt }: Use, priceFrom?: string): AmountOf {
  if (ended === null) return () => micro(attempt.reservedMicroUsd)
  if (mayBeDearer(ended, priceFrom)) return () => null
  const { usage, costMicroUsd } = ended
  return planned => {
    if (priceFor(planned.budget, price) === null) return 'unpriced'
    if (usage === undefined) return micro(costMicroUsd)
    return amountSpent(planned, { kind: 'model', usage, ...costBy(price, usage) })
  }
}

const freePrice: TablePrice = { input: 0, output: 0 }

/** Some requests cost more than a catalogue says; a record does not say which. */
function mayBeDearer({ costSource }: Entry, priceFrom: string | undefined): boolean {
  return priceFrom === 'catalogue' && (costSource === 'unpriced' || costSource === 'fallback')
}

function costBy(price: TablePrice | null, usage: Usage) {
  if (price === null) return { costSource: 'unpriced' } as const
  return { costSource: 'provider', costMicroUsd: costOf(price, usage) } as const
}

function micro(value: number | undefined): number | null {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : null
}
