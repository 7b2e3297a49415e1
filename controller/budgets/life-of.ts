import { leftOf } from './budget-state.ts'
import type { CounterRow, LeaseRow } from './counter-rows.ts'
import type { LeaseLife } from './lease-life.ts'
import type { DefinedBudget } from './plan-in-force.ts'

/** A lease after it was renewed, and what decides how long it lives on. */
interface Living {
  readonly lease: LeaseRow
  /** What the proxy wants to keep for calls to come. */
  readonly asked: { readonly keep: number }
  readonly counter: CounterRow
  /** The budget in force; none when it is gone. */
  readonly budget: DefinedBudget | undefined
  readonly now: number
  readonly life: LeaseLife
}

/**
 * For how many ms more a lease may be reserved from; 0 when it was given back, when its budget is gone or means other
 * calls, when its window is over or its limit passed, and when it keeps idle what somebody else needs.
 */
export function lifeOf({ lease, asked, counter, budget, now, life }: Living): number {
  if (lease.state !== 'open' || budget?.definition !== counter.definition) return 0
  const { window_end: end, wanted_at: wantedAt } = counter
  if (end !== null && end.getTime() + life.skewMs <= now) return 0
  const left = leftOf(counter, budget.budget)
  const isWanted = wantedAt !== null && wantedAt.getTime() + life.wantedMs > now
  if (asked.keep > 0 && (left < 0 || isWanted)) return 0
  return left < lease.amount - lease.settled ? life.shortMs : life.longMs
}
