import type { BudgetLeaseRenewal } from '../../../schemas/budget-lease.ts'
import { type BudgetWorld, chargeTo, type Held, type TestProxy } from './budget-world.ts'

/** A lease as a proxy in order uses it: what it has used, what calls in flight hold, and until when it may reserve. */
interface InUse {
  readonly lease: Held
  amount: number
  used: number
  readonly calls: number[]
  until: number
}

/** A proxy in order, in memory: it reserves before a call, settles after it, and journals before it ships. */
export class ModelProxy {
  readonly #world: () => BudgetWorld
  readonly #proxy: TestProxy
  #leases: InUse[] = []
  /** Lines that were written; those before `#shipped` the ledger has. */
  readonly #journal: string[] = []
  #shipped = 0
  #runs = 1
  #renewals: BudgetLeaseRenewal[] = []
  /** What its calls have really cost. */
  cost = 0

  constructor(world: () => BudgetWorld, id: string) {
    this.#world = world
    this.#proxy = world().proxy(id)
  }

  /** What is spent, and what calls in flight may still spend. */
  get committed(): number {
    return this.cost + this.#leases.flatMap(({ calls }) => calls).reduce((a, b) => a + b, 0)
  }

  start(): Promise<void> {
    return this.#proxy.start()
  }

  async ask(need: number): Promise<void> {
    const { now } = this.#world().clock
    const request = this.#proxy.request('money', need, { table: this.#world().table() })
    const answer = await this.#world()
      .budgets.grant(request)
      .catch(async error => {
        if (error.code === 'run_unknown') return this.start()
        // What was asked before a crash may come after it.
        if (error.code !== 'run_ended' || request.run === this.#proxy.run) throw error
      })
    if (!answer?.lease || request.run !== this.#proxy.run) return
    const { lease, state } = answer
    if (state.spent + state.reserved > state.limit) {
      throw new Error(`lent beyond the limit: ${JSON.stringify(state)}`)
    }
    const { budget, counter, window } = request
    const held = { ...lease, budget, counter, window }
    this.#leases.push({
      lease: held,
      amount: lease.amount,
      used: 0,
      calls: [],
      until: now + lease.ttlMs,
    })
  }

  /** Begins a call that may cost so much, if a lease pays for it. */
  begin(most: number): void {
    const { now } = this.#world().clock
    const lease = this.#leases.find(lease => now < lease.until && leftOf(lease) >= most)
    lease?.calls.push(most)
  }

  /** Ends the oldest call in flight, which cost a part of what it might have. */
  end(part: number): void {
    const lease = this.#leases.find(({ calls }) => calls.length > 0)
    const most = lease?.calls.shift()
    if (lease !== undefined && most !== undefined) this.#settle(lease, Math.floor(most * part))
  }

  async ship(most: number): Promise<void> {
    const from = this.#shipped
    const lines = this.#journal.slice(from, from + most)
    await this.#world().ledger.append(lines)
    this.#shipped = Math.max(this.#shipped, from + lines.length)
  }

  /** Hands in again what the ledger has already. */
  async shipAgain(): Promise<void> {
    await this.#world().ledger.append(this.#journal.slice(0, this.#shipped))
  }

  async renew(keptPart: number): Promise<void> {
    const { now } = this.#world().clock
    const leases = this.#leases.map(lease => {
      const held = lease.calls.reduce((a, b) => a + b, 0)
      const keep = Math.floor(Math.max(0, leftOf(lease)) * keptPart)
      lease.amount = Math.min(lease.amount, lease.used + held + keep)
      return { id: lease.lease.id, fence: lease.lease.fence, used: lease.used, held, keep }
    })
    const renewal = { proxy: this.#proxy.id, run: this.#proxy.run, leases }
    this.#renewals.push(renewal)
    const { leases: renewed } = await this.#world().budgets.renew(renewal)
    for (const { id, ttlMs } of renewed) {
      const lease = this.#leases.find(({ lease }) => lease.id === id)
      if (lease !== undefined) lease.until = now + ttlMs
    }
    this.#leases = this.#leases.filter(({ calls, lease, amount, used }) => {
      const kept = leases.find(({ id }) => id === lease.id)?.keep !== 0
      return calls.length > 0 || (kept && amount > used)
    })
  }

  /** A renewal arrives that was held up on its way. */
  async renewLate(which: number): Promise<void> {
    const renewal = this.#renewals[which % Math.max(1, this.#renewals.length)]
    if (renewal !== undefined) await this.#world().budgets.renew(renewal)
  }

  /** Ends at once; the next start charges calls in flight whole. It is told of then, or later. */
  async crash(tell: boolean): Promise<void> {
    for (const lease of this.#leases) {
      for (const most of lease.calls.splice(0)) this.#settle(lease, most)
    }
    this.#leases = []
    this.#renewals = []
    this.#runs += 1
    this.#proxy.restart(`${this.#proxy.id} run ${this.#runs}`)
    if (tell) await this.start()
  }

  /** Word of some start arrives that was held up on its way. */
  async tellLate(which: number): Promise<void> {
    await this.#proxy.tell(which % this.#proxy.starts.length)
  }

  /** Ships everything and gives everything back. */
  async stop(): Promise<void> {
    while (this.#leases.some(({ calls }) => calls.length > 0)) this.end(1)
    await this.crash(true)
    await this.ship(Number.POSITIVE_INFINITY)
  }

  #settle(lease: InUse, amount: number): void {
    lease.used += amount
    this.cost += amount
    const charges = [chargeTo(lease.lease, amount)]
    const table = this.#world().table()
    this.#journal.push(this.#proxy.entry({ costMicroUsd: amount, charges, table }))
  }
}

function leftOf({ amount, used, calls }: InUse): number {
  return amount - used - calls.reduce((a, b) => a + b, 0)
}
