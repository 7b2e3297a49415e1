import type { Reservation, Reserved } from '../proxy/budgets/budgets.ts'
import { LeaseFailure } from '../proxy/budgets/failure.ts'
import type { LeaseOffice } from '../proxy/budgets/lease-office.ts'
import type { BudgetCharge } from '../schemas/budget-lease.ts'
import { type Purse, purse, quote, spender, tableOf } from '../tests/proxy/budgets/purse.ts'
import { SmallLedger } from '../tests/proxy/budgets/small-ledger.ts'
import { SimulatedTime } from './simulated-time.ts'

/** What is simulated: proxies that spend more than an hourly budget has, and what goes wrong meanwhile. */
export interface SpendingCase {
  readonly name: string
  readonly proxies: number
  readonly calls: number
  /** Micro-USD an hour. */
  readonly limit: number
  /** How often an hour a proxy is killed. */
  readonly crashes: number
  /** How often an hour the controller is away, for a minute each. */
  readonly outages: number
  /** Which share of messages is lost. */
  readonly loss: number
}

/** What became of the budget. Amounts are micro-USD. */
export interface Spending {
  readonly name: string
  readonly calls: number
  readonly paid: number
  readonly refused: number
  readonly crashes: number
  readonly windows: number
  /** Spent beyond the limit of a window, all windows together; what providers charged is counted, not what was recorded. */
  readonly overspend: number
  /** The most of a window that was neither spent nor charged at its end, in percent of its limit. */
  readonly unused: number
  /** The most that was left over at a refusal, with what calls in flight held taken off, in percent of the limit. */
  readonly idle: number
  /** Requests to the controller for each call. */
  readonly requests: number
  readonly seconds: number
}

const hourMs = 3_600_000
const hours = 3

/** Runs the proxies' own code against the rules of the ledger, in simulated time. */
export async function spending(one: SpendingCase): Promise<Spending> {
  const began = performance.now()
  const world = new SpendingWorld(one)
  const everyMs = (hours * hourMs) / (one.calls / one.proxies)
  for (let i = 0; i < one.proxies; i++) world.start(`proxy-${i}`, everyMs)
  world.plagues()
  await world.time.run(hours * hourMs - 1)
  await world.finish()
  return world.result((performance.now() - began) / 1000)
}

/** A seeded generator of numbers in [0, 1): mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A call that a provider is answering. */
interface Flight {
  readonly reservation: Reservation
  /** What it will cost. */
  readonly tokens: number
}

interface Simulated {
  readonly name: string
  purse: Purse
  run: number
  /** Everything that was written, and how much of it has arrived. */
  readonly journal: (readonly BudgetCharge[])[]
  shipped: number
  readonly flights: Set<Flight>
  down: boolean
}

const patienceMs = 5000
const table = tableOf({ window: 'hour' })

class SpendingWorld {
  readonly time = new SimulatedTime()
  readonly #one: SpendingCase
  readonly #random = randomFrom(7)
  readonly #ledger: SmallLedger
  readonly #proxies: Simulated[] = []
  readonly #truth = new Map<string, number>()
  readonly #ended = new Map<string, { readonly run: string; readonly upTo: number }[]>()
  readonly #made = { calls: 0, paid: 0, refused: 0, crashes: 0, requests: 0 }
  readonly #open = new Map<string, number>()
  #away = false
  #idle = 0
  #unused = 0

  constructor(one: SpendingCase) {
    this.#one = one
    this.#ledger = new SmallLedger(one.limit)
  }

  start(name: string, everyMs: number): void {
    const proxy: Simulated = {
      name,
      purse: this.#purse(name, 0),
      run: 0,
      journal: [],
      shipped: 0,
      flights: new Set(),
      down: false,
    }
    this.#proxies.push(proxy)
    this.#repeat(
      () => everyMs * -Math.log(1 - this.#random()),
      () => this.#call(proxy),
    )
    this.#repeat(
      () => 2000,
      () => this.#renew(proxy),
    )
    this.#repeat(
      () => 2000 + 500 * this.#random(),
      () => this.#ship(proxy),
    )
  }

  /** Kills proxies and takes the controller away. */
  plagues(): void {
    const { crashes, outages, proxies } = this.#one
    if (crashes > 0) {
      const everyMs = hourMs / (crashes * proxies)
      this.#repeat(
        () => everyMs,
        () => this.#crash(this.#any()),
      )
    }
    if (outages > 0) {
      this.#repeat(
        () => hourMs / outages,
        () => {
          this.#away = true
          this.time.after(60_000, () => {
            this.#away = false
          })
        },
      )
    }
    // Demand is three times the limit, so whatever is left just before the hour ends could not be used.
    for (let hour = 1; hour <= hours; hour++) {
      this.time.after(hour * hourMs - 1000, () => this.#lookBack(hour - 1))
    }
  }

  /** Lets every call end and everything arrive. */
  async finish(): Promise<void> {
    this.#away = false
    const now = this.time.now
    for (const proxy of this.#proxies) proxy.down = true
    await this.time.run(now + 600_000)
    for (const proxy of this.#proxies) this.#arrive(proxy)
  }

  result(seconds: number): Spending {
    const { limit, name } = this.#one
    const over = [...this.#truth.values()].map(spent => Math.max(0, spent - limit))
    const charged = [...this.#ledger.counts.values()].map(({ spent }) => Math.max(0, spent - limit))
    const { calls, paid, refused, crashes, requests } = this.#made
    return {
      ...{ name, calls, paid, refused, crashes },
      windows: this.#truth.size,
      overspend: [...over, ...charged].reduce((sum, one) => sum + one, 0),
      unused: (100 * this.#unused) / limit,
      idle: (100 * this.#idle) / limit,
      requests: requests / calls,
      seconds,
    }
  }

  #repeat(every: () => number, what: () => void): void {
    this.time.after(every(), () => {
      what()
      this.#repeat(every, what)
    })
  }

  #any(): Simulated {
    const found = this.#proxies[Math.floor(this.#random() * this.#proxies.length)]
    if (found === undefined) throw new Error('no proxies')
    return found
  }

  #purse(name: string, run: number): Purse {
    const made = purse(this.#office(), table, `${name}/${run}`, name)
    const { time } = this
    Object.defineProperty(made, 'clock', { get: () => time.now })
    return made
  }

  /** The controller behind a network that takes its time and loses some. */
  #office(): LeaseOffice {
    const over = async <T>(act: () => Promise<T>): Promise<T> => {
      this.#made.requests++
      await this.time.wait(1 + 20 * this.#random())
      if (this.#away || this.#random() < this.#one.loss) return this.#silence()
      const answer = await act()
      if (this.#random() < this.#one.loss) return this.#silence()
      await this.time.wait(1 + 20 * this.#random())
      return answer
    }
    return {
      begin: run => over(() => this.#ledger.begin(run)),
      lease: request => over(() => this.#ledger.lease(request)),
      renew: renewal => over(() => this.#ledger.renew(renewal)),
    }
  }

  async #silence(): Promise<never> {
    await this.time.wait(patienceMs)
    throw new LeaseFailure('controller_away', 'no answer')
  }

  #call(proxy: Simulated): void {
    if (proxy.down) return
    this.#made.calls++
    const input = Math.floor(2000 * this.#random())
    const output = 200 + Math.floor(4000 * this.#random())
    const wanted = quote(input, output, { leastOutputTokens: 64 })
    const { budgets } = proxy.purse
    const { run } = proxy
    const reserved = budgets.reserve(spender, wanted)
    const begin = (reserved: Reserved) => this.#begin(proxy, run, input, reserved)
    this.time.stir()
    if (reserved instanceof Promise) void reserved.then(begin)
    else begin(reserved)
  }

  #begin(proxy: Simulated, run: number, input: number, reserved: Reserved): void {
    if (proxy.run !== run || proxy.down) return
    if (!reserved.ok) {
      this.#made.refused++
      if (reserved.shortage.reason === 'budget_exceeded') this.#noteIdle(reserved.shortage.window)
      return
    }
    this.#made.paid++
    const { reservation } = reserved
    const output = Math.floor(reservation.maxOutputTokens * this.#random())
    const flight = { reservation, tokens: input + output }
    proxy.flights.add(flight)
    this.#opened(reservation.charges, 1)
    this.#spend(reservation, flight.tokens)
    this.time.after(100 - 2000 * Math.log(1 - this.#random()), () =>
      this.#end(proxy, flight, input),
    )
  }

  /** What a provider bills, whether or not anybody lives to write it down. */
  #spend({ charges }: Reservation, tokens: number): void {
    const [charge] = charges
    if (charge === undefined) throw new Error('not charged')
    this.#truth.set(charge.window, (this.#truth.get(charge.window) ?? 0) + tokens)
  }

  #end(proxy: Simulated, flight: Flight, input: number): void {
    if (!proxy.flights.delete(flight)) return
    const usage = { inputTokens: input, outputTokens: flight.tokens - input }
    const { charges } = flight.reservation.settle({ sent: true, usage })
    this.#opened(flight.reservation.charges, -1)
    this.#opened(charges, 1)
    proxy.journal.push(charges)
  }

  #renew(proxy: Simulated): void {
    const { counters } = proxy.purse
    if (proxy.down || this.time.now < counters.dueAt()) return
    this.time.stir()
    counters.renew(this.time.now).catch(() => undefined)
  }

  #ship(proxy: Simulated): void {
    if (this.#away || proxy.down) return
    this.#arrive(proxy)
    const ended = this.#ended.get(proxy.name) ?? []
    for (const { run, upTo } of ended) {
      if (proxy.shipped >= upTo) this.#ledger.free(proxy.name, run)
    }
    this.#ended.set(
      proxy.name,
      ended.filter(({ upTo }) => upTo > proxy.shipped),
    )
  }

  #arrive(proxy: Simulated): void {
    for (; proxy.shipped < proxy.journal.length; proxy.shipped++) {
      const charges = proxy.journal[proxy.shipped] ?? []
      this.#ledger.charge(charges)
      this.#opened(charges, -1)
    }
  }

  /** What was in flight is charged whole when the proxy is back; then nothing of the run is missing. */
  #crash(proxy: Simulated): void {
    if (proxy.down) return
    this.#made.crashes++
    proxy.down = true
    const lost = [...proxy.flights]
    proxy.flights.clear()
    this.time.after(5000 + 20_000 * this.#random(), () => {
      for (const { reservation } of lost) proxy.journal.push(reservation.charges)
      const run = `${proxy.name}/${proxy.run}`
      this.#ended.set(proxy.name, [
        ...(this.#ended.get(proxy.name) ?? []),
        { run, upTo: proxy.journal.length },
      ])
      proxy.run++
      proxy.purse = this.#purse(proxy.name, proxy.run)
      proxy.down = false
    })
  }

  #noteIdle(window: string): void {
    const { limit, spent } = this.#ledger.count({ budget: 'money', counter: '', window })
    this.#idle = Math.max(this.#idle, limit - spent - (this.#open.get(window) ?? 0))
  }

  /** Counts what calls in flight hold and what was charged and has not arrived. */
  #opened(charges: readonly BudgetCharge[], sign: 1 | -1): void {
    for (const { window, amount } of charges) {
      this.#open.set(window, (this.#open.get(window) ?? 0) + sign * amount)
    }
  }

  #lookBack(hour: number): void {
    const window = new Date(hour * hourMs).toISOString()
    this.#unused = Math.max(this.#unused, this.#one.limit - (this.#truth.get(window) ?? 0))
  }
}
