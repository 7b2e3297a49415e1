import { createHash } from 'node:crypto'
import type { BudgetUnit } from '../../../schemas/rule-table.ts'
import type { BudgetCounter } from '../../budgets/budget-book.ts'
import { oneLine } from '../printable.ts'
import type { News } from './news.ts'

/** That a counter of a budget has reached its soft limit. */
export function softLimitNews(passed: BudgetCounter, now: number): News {
  const { namespace, budget, counter, window, unit, limit, extended, spent, reserved } = passed
  const { per, windowKind, softLimit, remaining, resetsAt } = passed
  const whole = limit + extended
  const amount = (value: number) => amountText(unit, value)
  const whose = counter === '' ? '' : ` of ${per} ${counter}`
  const facts = {
    Budget: `${budget} in ${namespace}`,
    ...(counter !== '' && { Counter: `${per} ${counter}` }),
    Window: window === '' ? windowKind : `${windowKind} since ${window}`,
    Spent: amount(spent),
    Limit: amount(whole),
    Reserved: amount(reserved),
    ...(resetsAt !== undefined && { 'Starts again': resetsAt }),
  }
  return {
    id: `bgt_${digest([namespace, budget, counter, window])}`,
    type: 'budget.soft_limit',
    at: new Date(now).toISOString(),
    lead: 'A budget has reached its soft limit.',
    closing: 'Calls go on until the limit.',
    title: oneLine(`Budget ${budget}${whose}: ${amount(spent)} of ${amount(whole)} are spent`, 140),
    facts: Object.entries(facts).map(([name, text]) => ({ name, text })),
    data: {
      ...{ namespace, budget, counter, per, window, windowKind, unit },
      ...{ limit: whole, spent, reserved, remaining },
      ...(softLimit !== undefined && { softLimit }),
      ...(resetsAt !== undefined && { resetsAt }),
    },
  }
}

function amountText(unit: BudgetUnit, amount: number): string {
  if (unit !== 'usd') return `${amount.toLocaleString('en')} ${unit}`
  // Cents are rounded up, so that nothing spent is shown as nothing.
  return `$${(Math.ceil(amount / 10_000) / 100).toFixed(2)}`
}

function digest(words: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 32)
}
