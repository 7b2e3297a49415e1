import type { BudgetUnit } from '../schemas/rule-table.ts'

/** Micro-USD as people read money: cents, rounded up unless told otherwise, and what is less than a cent in full. */
export function usdText(microUsd: number, round = Math.ceil): string {
  if (microUsd > 0 && microUsd < 10_000) {
    return `$${(microUsd / 1e6).toFixed(6).replace(/0{1,4}$/, '')}`
  }
  const cents = round(microUsd / 10_000) / 100
  return `$${cents.toLocaleString('en', { minimumFractionDigits: 2 })}`
}

/** An amount of a budget with its unit. */
export function amountText(unit: BudgetUnit, amount: number, round = Math.ceil): string {
  return unit === 'usd' ? usdText(amount, round) : `${amount.toLocaleString('en')} ${unit}`
}
