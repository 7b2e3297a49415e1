import { count, type Entry } from '../ledger/usage-row.ts'

/** A charge as an entry says it, made to fit the store. */
export interface ReadCharge {
  readonly budget: string
  readonly counter: string
  readonly window: string
  readonly lease: string
  readonly amount: number
}

const mostCharges = 256

/** The most that one call is charged: over a million USD. Millions of such calls still add up to what a column holds. */
export const mostCharged = 2 ** 40

/** The charges of an entry; what has not the form of one is left out and counted. */
export function readCharges({ charges }: Entry): {
  readonly charges: readonly ReadCharge[]
  readonly malformed: number
} {
  if (charges === undefined) return { charges: [], malformed: 0 }
  if (!Array.isArray(charges)) return { charges: [], malformed: 1 }
  const read = charges.slice(0, mostCharges).map(readCharge)
  const sound = read.filter(charge => charge !== null)
  return { charges: sound, malformed: charges.length - sound.length }
}

function readCharge(value: unknown): ReadCharge | null {
  if (typeof value !== 'object' || value === null) return null
  const { budget, counter, window, lease, amount } = value as Entry
  const words = [word(budget, 253), word(counter, 512), word(window, 64), word(lease, 64)]
  const [inBudget, ofCounter, since, from] = words
  const whole = count(amount)
  if (!inBudget || !from || ofCounter == null || since == null || whole === null) return null
  const bounded = Math.min(whole, mostCharged)
  return { budget: inBudget, counter: ofCounter, window: since, lease: from, amount: bounded }
}

/** Text as a counter can be named: PostgreSQL knows neither NUL nor half of a surrogate pair. */
function word(value: unknown, most: number): string | null {
  if (typeof value !== 'string' || value.length > most) return null
  return value.isWellFormed() && !value.includes('\0') ? value : null
}
