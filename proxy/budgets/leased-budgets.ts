import type { LoadedTable } from '../../policy/decide/load.ts'
import { concerns, type PlannedBudget, payerOf } from '../../policy/spend/spend-plan.ts'
import type { TableBudget } from '../../schemas/rule-table.ts'
import type { Tables } from '../mcp/needs.ts'
import { BudgetPlans } from './budget-plans.ts'
import type { Budgets, Quote, Reserved, Shortage, Spender } from './budgets.ts'
import type { Counter } from './counter.ts'
import type { Counters } from './counters.ts'
import { type Hold, heldReservation } from './held-reservation.ts'
import { type Demand, supply } from './supply.ts'
import { modelWish, toolWish, type Wish } from './wish.ts'

export interface LeasedBudgetsNeeds {
  readonly tables: Pick<Tables, 'current'>
  readonly counters: Counters
  /** Number that the next entry of the journal gets. */
  readonly nextSeq: () => number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds by a clock that is never set. */
  readonly monotonic: () => number
}

/** The longest that a call waits for leases. */
const patienceMs = 10_000
/** What more counters than this are charged for cannot be written down. */
const mostConcerns = 128

/** A counter that a call is charged to, and what the call takes from it. */
interface Claim {
  readonly planned: PlannedBudget
  readonly counter: Counter
  readonly demand: Demand
}

/** A call that wants something of counters. */
interface Bid {
  readonly wish: Wish
  readonly claims: readonly Claim[]
  readonly table: string
  /** How often the ledger was asked about a counter; Infinity once it did not answer. */
  readonly asks: Map<Counter, number>
}

type Tried = Reserved | { readonly ok: null; readonly wants: readonly Want[] }

interface Want {
  readonly counter: Counter
  readonly need: number
}

/** Budgets that are spent from leases of the ledger. */
export class LeasedBudgets implements Budgets {
  readonly #needs: LeasedBudgetsNeeds
  readonly #plans = new BudgetPlans()
  /** The table of each namespace by which was reserved last. */
  readonly #tables = new Map<string, LoadedTable>()
  /** For every reservation that has not ended, in the order in which they were made, the next entry at that time. */
  readonly #open = new Set<{ readonly since: number }>()

  constructor(needs: LeasedBudgetsNeeds) {
    this.#needs = needs
  }

  /** No attempt that may still be charged has a smaller number; Infinity when there is none. */
  oldestOpen(): number {
    const [oldest] = this.#open
    return oldest?.since ?? Number.POSITIVE_INFINITY
  }

  /** How many leases there are. */
  get leases(): number {
    return this.#needs.counters.leases
  }

  reserve(spender: Spender, quote: Quote): Reserved | Promise<Reserved> {
    const wish = modelWish(quote)
    return this.#reserve(spender, wish) ?? this.#held([], wish, wish.outputTokens)
  }

  reserveTool(spender: Spender): Reserved | Promise<Reserved> | null {
    return this.#reserve(spender, toolWish(spender.tool ?? ''))
  }

  reconsider({ namespace, budget, counter, window }: Shortage): void {
    this.#needs.counters.doubt({ namespace, budget: budget.name, counter, window })
  }

  /** Null when no budget concerns the call. */
  #reserve(spender: Spender, wish: Wish): Reserved | Promise<Reserved> | null {
    const table = this.#table(spender.namespace)
    if (table === null || table.table.budgets.length === 0) return null
    const claims = this.#claims(table, spender, wish)
    if (!Array.isArray(claims)) return { ok: false, shortage: claims }
    if (claims.length === 0) return null
    const bid = { wish, claims, table: table.digest, asks: new Map<Counter, number>() }
    const tried = this.#try(bid)
    return tried.ok === null ? this.#later(bid, tried.wants) : tried
  }

  /** What the ledger said under another table is asked again. */
  #table(namespace: string): LoadedTable | null {
    const { tables, counters } = this.#needs
    const table = tables.current(namespace)
    if (table === null || this.#tables.get(namespace) === table) return table
    this.#tables.set(namespace, table)
    counters.doubtAll(namespace)
    return table
  }

  #claims(table: LoadedTable, spender: Spender, wish: Wish): Claim[] | Shortage {
    const plan = this.#plans.of(table)
    if ('unusable' in plan) return unavailable(spender, plan.unusable)
    const found = concerns(plan.planned, payerOf(spender.agent, spender))
    const claims: Claim[] = []
    const now = this.#needs.now()
    for (const concern of found) {
      const { planned, counter: whose } = concern
      const demand = wish.demand(planned)
      if (demand === null) return priceUnknown(spender, planned.budget, whose)
      const counter = this.#needs.counters.of(concern, spender, now)
      if (counter === null || found.length > mostConcerns) {
        return unavailable(spender, planned.budget, whose)
      }
      claims.push({ planned, counter, demand })
    }
    return claims
  }

  /** Sets aside everything or nothing, at once. */
  #try({ claims, wish, asks, table }: Bid): Tried {
    const now = this.#needs.monotonic()
    const wants: Want[] = []
    let output = wish.outputTokens
    for (const { planned, counter, demand } of claims) {
      const available = counter.available(now)
      const stock = { available, left: counter.leftAtLedger(now), asks: asks.get(counter) ?? 0 }
      const supplied = supply(demand, stock)
      switch (supplied.kind) {
        case 'enough':
          break
        case 'clip':
          output = Math.min(output, wish.outputFor(planned, available))
          break
        case 'dry':
          return { ok: false, shortage: shortageOf(counter, planned.budget, demand, stock.asks) }
        case 'ask':
          wants.push({ counter, need: supplied.need })
          break
      }
    }
    if (wants.length > 0) return { ok: null, wants }
    const held = this.#held(claims, wish, output)
    for (const { counter } of claims) this.#askAhead(counter, table, now)
    return held
  }

  /** Asks for more before it is needed, so that the next call need not wait. */
  #askAhead(counter: Counter, table: string, now: number): void {
    const need = counter.aheadOfNeed(now)
    if (need === null) return
    this.#needs.counters.refill(counter, need, table).catch(() => undefined)
  }

  async #later(bid: Bid, first: readonly Want[]): Promise<Reserved> {
    const until = this.#needs.monotonic() + patienceMs
    let wants = first
    for (;;) {
      await Promise.all(wants.map(want => this.#refill(want, bid)))
      if (this.#needs.monotonic() > until) {
        for (const { counter } of wants) bid.asks.set(counter, Number.POSITIVE_INFINITY)
      }
      const tried = this.#try(bid)
      if (tried.ok !== null) return tried
      wants = tried.wants
    }
  }

  async #refill({ counter, need }: Want, { asks, table }: Bid): Promise<void> {
    if (counter.asking === null) asks.set(counter, (asks.get(counter) ?? 0) + 1)
    try {
      await this.#needs.counters.refill(counter, need, table)
    } catch {
      asks.set(counter, Number.POSITIVE_INFINITY)
    }
  }

  #held(claims: readonly Claim[], wish: Wish, output: number): Reserved {
    const { nextSeq, monotonic } = this.#needs
    const now = monotonic()
    const bill = wish.bill(
      output,
      claims.map(({ planned }) => planned),
    )
    const holds = claims.map(({ planned, counter }): Hold => {
      const parts = counter.take(bill.amountBound(planned), now)
      return { planned, counter, parts }
    })
    const open = { since: nextSeq() }
    this.#open.add(open)
    const reservation = heldReservation(holds, bill, output, () => this.#open.delete(open))
    return { ok: true, reservation }
  }
}

function shortageOf(
  known: Counter,
  budget: TableBudget,
  { least }: Demand,
  asks: number,
): Shortage {
  const { namespace, counter, window } = known.name
  const state = known.standing()
  const away = asks === Number.POSITIVE_INFINITY
  return {
    reason: away ? 'budget_unavailable' : 'budget_exceeded',
    namespace,
    budget,
    counter,
    window,
    ...(state !== null && { state }),
    needed: least,
  }
}

function unavailable({ namespace }: Spender, budget: TableBudget, counter = ''): Shortage {
  return { reason: 'budget_unavailable', namespace, budget, counter, window: '', needed: 0 }
}

function priceUnknown({ namespace }: Spender, budget: TableBudget, counter: string): Shortage {
  return { reason: 'price_unknown', namespace, budget, counter, window: '', needed: 0 }
}
