import fc from 'fast-check'
import t from 'tap'
import type { Reservation } from '../../../proxy/budgets/budgets.ts'
import type { BudgetCharge } from '../../../schemas/budget-lease.ts'
import { type Purse, purse, quote, spender, tableOf, used } from './purse.ts'
import { SmallLedger } from './small-ledger.ts'

const limit = 10_000
const table = tableOf({})
const proxies = 3
const money = { budget: 'money', counter: '', window: '' }

type Step =
  | {
      readonly kind: 'call'
      readonly proxy: number
      readonly input: number
      readonly output: number
    }
  | { readonly kind: 'end'; readonly proxy: number; readonly share: number }
  | { readonly kind: 'renew' | 'ship' | 'kill'; readonly proxy: number }
  | { readonly kind: 'away'; readonly how: 'no' | 'yes' | 'lost' }
  | { readonly kind: 'pass'; readonly ms: number }

const proxy = fc.nat(proxies - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      proxy,
      input: fc.nat(300),
      output: fc.nat(900),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      proxy,
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('renew' as const, 'ship' as const), proxy }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), proxy }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('away' as const),
      how: fc.constantFrom('no' as const, 'yes' as const, 'lost' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(100, 600, 1100, 11_000, 31_000),
    }),
  },
)

interface Running {
  purse: Purse
  run: number
  flights: Reservation[]
  journal: (readonly BudgetCharge[])[]
}

/** Proxies that spend from one budget, and what they really spent. */
class Spenders {
  readonly ledger = new SmallLedger(limit)
  readonly #running: Running[]
  spent = 0
  /** The most that was lent or spent at once. */
  most = 0

  constructor() {
    this.#running = Array.from({ length: proxies }, (_, i) => this.#started(i, 0))
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'call':
        await this.#call(this.#at(step.proxy), step.input, step.output)
        break
      case 'end':
        this.#end(this.#at(step.proxy), step.share)
        break
      case 'renew':
        await this.#at(step.proxy)
          .purse.counters.renew(0)
          .catch(() => undefined)
        break
      case 'ship':
        this.#ship(this.#at(step.proxy))
        break
      case 'kill':
        this.#kill(step.proxy)
        break
      case 'away':
        this.ledger.away = step.how
        break
      case 'pass':
        for (const { purse } of this.#running) purse.clock += step.ms
    }
    const { spent, leased } = this.ledger.count(money)
    this.most = Math.max(this.most, spent + leased)
  }

  /** Everything ends, arrives and is given back. */
  async finish(): Promise<void> {
    this.ledger.away = 'no'
    for (const running of this.#running) {
      while (running.flights.length > 0) this.#end(running, 1)
      this.#ship(running)
      await running.purse.counters.renew(0, true)
      await running.purse.counters.renew(0, true)
    }
  }

  #at(i: number): Running {
    const found = this.#running[i]
    if (found === undefined) throw new Error('no such proxy')
    return found
  }

  #started(i: number, run: number): Running {
    const made = purse(this.ledger, table, `${i}/${run}`, `proxy-${i}`)
    return { purse: made, run, flights: [], journal: [] }
  }

  async #call({ purse, flights }: Running, input: number, output: number): Promise<void> {
    const reserved = await purse.budgets.reserve(spender, quote(input, output))
    if (reserved.ok) flights.push(reserved.reservation)
  }

  #end({ flights, journal }: Running, share: number): void {
    const reservation = flights.shift()
    if (reservation === undefined) return
    const tokens = Math.floor(share * (reservation.reservedMicroUsd ?? 0))
    this.spent += tokens
    journal.push(reservation.settle(used(tokens, 0)).charges)
  }

  #ship({ journal }: Running): void {
    for (const charges of journal.splice(0)) this.ledger.charge(charges)
  }

  /** Calls in flight cost as much as they can, and the next start says so before the ledger frees the rest. */
  #kill(i: number): void {
    const { run, flights, journal, purse } = this.#at(i)
    for (const { charges, reservedMicroUsd = 0 } of flights) {
      this.spent += reservedMicroUsd
      journal.push(charges)
    }
    this.#ship(this.#at(i))
    this.ledger.free(`proxy-${i}`, `${i}/${run}`)
    const next = this.#started(i, run + 1)
    next.purse.clock = purse.clock
    this.#running[i] = next
  }
}

t.test(
  'whatever happens in whatever order, the limit holds and nothing is left behind',
  async t => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 200 }), async steps => {
        const spenders = new Spenders()
        for (const step of steps) await spenders.take(step)
        await spenders.finish()
        const { spent, leased } = spenders.ledger.count(money)
        if (spenders.most > limit || spent > limit) throw new Error(`overspent: ${spenders.most}`)
        if (spent !== spenders.spent) throw new Error(`${spent} charged, ${spenders.spent} spent`)
        if (leased !== 0) throw new Error(`${leased} left behind`)
      }),
      { numRuns: 300 },
    )
    t.pass('in 300 histories')
  },
)
