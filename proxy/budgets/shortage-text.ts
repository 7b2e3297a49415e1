import type { TableBudget } from '../../schemas/rule-table.ts'
import type { Shortage } from './budgets.ts'

/** Why a budget does not pay, in fields for programs. Amounts are micro-USD, tokens or calls. */
export type ShortageFacts = {
  readonly name: string
  readonly per: TableBudget['per']
  readonly counter: string
  readonly unit: TableBudget['unit']
  readonly window: TableBudget['window']
  readonly needed: number
  readonly limit?: number
  readonly spent?: number
  readonly reserved?: number
  readonly resetsAt?: string
}

export function shortageFacts({ budget, counter, state, needed }: Shortage): ShortageFacts {
  const { name, per, unit, window } = budget
  const { limit, spent, reserved, resetsAt } = state ?? {}
  return {
    ...{ name, per, counter, unit, window, needed },
    ...(limit !== undefined && { limit }),
    ...(spent !== undefined && { spent }),
    ...(reserved !== undefined && { reserved }),
    ...(resetsAt !== undefined && { resetsAt }),
  }
}

/** Why a budget does not pay and what to do, in full sentences for the model. */
export function shortageText(shortage: Shortage): string {
  const { reason, budget, needed, asked } = shortage
  const named = `budget "${budget.name}"${forWhom(shortage)}`
  switch (reason) {
    case 'budget_exceeded':
      return `the ${named} does not pay for it: ${standing(shortage)} This call needs ${amountText(budget, needed)}. ${asked ?? untilWhen(shortage)}`
    case 'budget_unavailable':
      return `the ${named} cannot be spent from at the moment, because what is left of it cannot be asked. Nothing was sent; try again later.`
    case 'price_unknown':
      return `the ${named} counts money, and nobody has said what this model costs. Use a model that has a price, or ask whoever owns the policies to give it one.`
  }
}

/** An amount of a budget as people write it. */
export function amountText({ unit }: Pick<TableBudget, 'unit'>, amount: number): string {
  if (unit !== 'usd') return `${amount} ${amount === 1 ? unit.slice(0, -1) : unit}`
  const cents = amount % 10_000 === 0
  return `$${(amount / 1_000_000).toFixed(cents ? 2 : 6)}`
}

const longestCounter = 128

function forWhom({ budget, counter }: Shortage): string {
  if (counter === '') return ''
  const shown = counter.length > longestCounter ? `${counter.slice(0, longestCounter)}…` : counter
  return ` of ${budget.window === 'session' ? 'session' : perText[budget.per]} ${JSON.stringify(shown)}`
}

const perText: Readonly<Record<TableBudget['per'], string>> = {
  namespace: 'namespace',
  agent: 'agent',
  apiKey: 'API key',
  user: 'user',
  team: 'team',
  flow: 'flow',
  session: 'session',
  model: 'model',
  tool: 'tool',
}

function standing({ budget, state }: Shortage): string {
  if (state === undefined) return `limit ${amountText(budget, budget.limit)}.`
  const [limit, spent, reserved] = [state.limit, state.spent, state.reserved].map(amount =>
    amountText(budget, amount),
  )
  return `limit ${limit}, spent ${spent}, reserved for calls in flight ${reserved}.`
}

function untilWhen({ budget, state }: Shortage): string {
  const ask = 'ask whoever owns the budget'
  if (state?.resetsAt !== undefined) {
    return `It starts again at ${state.resetsAt}. Do not repeat the call before then: do with less, or ${ask}.`
  }
  const ends =
    budget.window === 'session' ? 'It lasts for the whole session.' : 'It does not start again.'
  return `${ends} Do not repeat the call: do with less, or ${ask}.`
}
