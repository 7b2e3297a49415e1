import type { ReplayBudget, ReplayMoney } from '../../schemas/replay.ts'
import type { TableBudget } from '../../schemas/rule-table.ts'
import type { Draw } from './amounts.ts'
import type { Bill } from './shard-messages.ts'

/** One counter of a budget in one window. */
interface Counter {
  readonly counter: string
  readonly window: string
  spent: number
  refusedCalls: number
  unservedMicroUsd: number
  stoppedAt: number | null
}

interface Tested {
  readonly namespace: string
  readonly budget: TableBudget
  readonly counters: Map<string, Counter>
  untested: number
  refusedCalls: number
  unservedMicroUsd: number
}

/** A draw and the counter that it is from. */
interface Claim {
  readonly draw: Draw
  readonly tested: Tested
  readonly counter: Counter
}

/** Counters that are kept at once; calls of further ones are not tested. */
const mostCounters = 200_000
const mostShown = 1000

/** Tries budgets on calls in the order in which they ended: each is charged to all budgets that concern it, or to none. */
export class BackTest {
  readonly #tested = new Map<string, Tested>()
  #counters = 0

  constructor(budgets: readonly (readonly [namespace: string, budget: TableBudget])[]) {
    for (const [namespace, budget] of budgets) {
      const nothing = { untested: 0, refusedCalls: 0, unservedMicroUsd: 0 }
      const tested = { namespace, budget, counters: new Map(), ...nothing }
      this.#tested.set(keyOf(namespace, budget.name), tested)
    }
  }

  take(bill: Bill): void {
    if (bill.draws === null) {
      this.#unknown(bill.namespace)
      return
    }
    const claims = this.#claims(bill, bill.draws)
    const refusing = claims.filter(refuses)
    for (const claim of refusing) refuse(claim, bill)
    for (const { draw, tested, counter } of claims) {
      if (refusing.length === 0 && typeof draw.amount === 'number') counter.spent += draw.amount
      if (draw.amount === null && refusing.length === 0) tested.untested++
    }
  }

  budgets(): readonly ReplayBudget[] {
    return [...this.#tested.values()]
      .map(({ namespace, budget, counters, ...counted }) => {
        const { name, unit, limit, onExceeded } = budget
        const all = [...counters.values()]
        return {
          ...{ namespace, budget: name, unit, limit, onExceeded },
          windows: all.length,
          stopped: all.filter(({ refusedCalls }) => refusedCalls > 0).length,
          spent: all.reduce((sum, { spent }) => sum + spent, 0),
          ...counted,
        }
      })
      .sort((a, b) => order(`${a.namespace}/${a.budget}`, `${b.namespace}/${b.budget}`))
  }

  /** The counters that would have refused a call, the dearest first; `from` is when the records begin, ms since 1970. */
  money(from: number): readonly ReplayMoney[] {
    return [...this.#tested.values()]
      .flatMap(({ namespace, budget, counters }) =>
        [...counters.values()]
          .filter(({ refusedCalls }) => refusedCalls > 0)
          .map(counter => rowOf(namespace, budget, counter, from)),
      )
      .sort((a, b) => b.unservedMicroUsd - a.unservedMicroUsd || b.refusedCalls - a.refusedCalls)
      .slice(0, mostShown)
  }

  #unknown(namespace: string): void {
    for (const tested of this.#tested.values())
      if (tested.namespace === namespace) tested.untested++
  }

  #claims({ namespace }: Bill, draws: readonly Draw[]): readonly Claim[] {
    return draws.flatMap(draw => {
      const tested = this.#tested.get(keyOf(namespace, draw.budget))
      if (tested === undefined) return []
      const counter = draw.window === null ? null : this.#counter(tested, draw.counter, draw.window)
      if (counter === null) tested.untested++
      return counter === null ? [] : [{ draw, tested, counter }]
    })
  }

  #counter({ counters }: Tested, counter: string, window: string): Counter | null {
    const key = `${counter}\n${window}`
    const known = counters.get(key)
    if (known !== undefined) return known
    if (this.#counters >= mostCounters) return null
    this.#counters++
    const nothing = { spent: 0, refusedCalls: 0, unservedMicroUsd: 0, stoppedAt: null }
    const fresh = { counter, window, ...nothing }
    counters.set(key, fresh)
    return fresh
  }
}

/** A call of an unknown amount is refused only by a counter of which nothing is left. */
function refuses({ draw: { amount }, tested: { budget }, counter: { spent } }: Claim): boolean {
  if (amount === 'unpriced') return true
  if (amount === null) return spent >= budget.limit
  return amount > 0 && spent + amount > budget.limit
}

function refuse({ tested, counter }: Claim, { time, costMicroUsd }: Bill): void {
  tested.refusedCalls++
  tested.unservedMicroUsd += costMicroUsd
  counter.refusedCalls++
  counter.unservedMicroUsd += costMicroUsd
  if (time !== null) counter.stoppedAt = Math.min(counter.stoppedAt ?? time, time)
}

function rowOf(
  namespace: string,
  { name, unit, limit, window }: TableBudget,
  counted: Counter,
  from: number,
): ReplayMoney {
  const { counter, window: start, spent, refusedCalls, unservedMicroUsd, stoppedAt } = counted
  return {
    ...{ namespace, budget: name, counter, unit, window: start, limit, spent },
    ...(stoppedAt !== null && { wouldStopAt: new Date(stoppedAt).toISOString() }),
    ...{ refusedCalls, unservedMicroUsd },
    partial: start === '' ? window === 'total' : Date.parse(start) < from,
  }
}

function keyOf(namespace: string, budget: string): string {
  return `${namespace}\n${budget}`
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
