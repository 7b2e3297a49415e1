import fc from 'fast-check'
import t, { type Test } from 'tap'
import { extendBudget } from '../../../controller/budgets/extend-budget.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import { everyStore, type StoreKind } from '../stores.ts'
import { agents, type BudgetWorld, budget, budgetWorld, reopened } from './budget-world.ts'
import { ModelProxy } from './model-proxy.ts'

/** Random runs; `WRIT_RANDOM_RUNS` asks for more. */
const runs = Number(process.env.WRIT_RANDOM_RUNS ?? 25)

type Step =
  | { readonly do: 'ask' | 'begin'; readonly proxy: number; readonly amount: number }
  | { readonly do: 'end' | 'renew'; readonly proxy: number; readonly part: number }
  | {
      readonly do: 'ship' | 'renew late' | 'tell late'
      readonly proxy: number
      readonly count: number
    }
  | { readonly do: 'ship again'; readonly proxy: number }
  | { readonly do: 'crash'; readonly proxy: number; readonly tell: boolean }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'edit'; readonly limit: number }
  | { readonly do: 'extend'; readonly stale: boolean }
  | { readonly do: 'look' | 'write off' | 'remove' | 'restart' }

const proxy = fc.nat({ max: 2 })
const amount = fc.integer({ min: 1, max: 300 })
const part = fc.constantFrom(0, 0.5, 1)

/** Steps that proxies take; several may come at once. */
const ofProxy: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ask' as const), proxy, amount }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('begin' as const), proxy, amount }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('end' as const), proxy, part }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('renew' as const), proxy, part }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('ship' as const), proxy, count: fc.nat({ max: 5 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('renew late' as const), proxy, count: fc.nat() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('tell late' as const), proxy, count: fc.nat() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ship again' as const), proxy }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('crash' as const), proxy, tell: fc.boolean() }),
  },
)

/** Steps that come alone, for they change the world of all others. */
const alone: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('wait' as const),
    ms: fc.constantFrom(1, 5000, 30_000, 86_400_000),
  }),
  fc.record({
    do: fc.constant('edit' as const),
    limit: fc.constantFrom(300, 1000, 1000, 2000),
  }),
  fc.record({ do: fc.constant('extend' as const), stale: fc.boolean() }),
  fc.record({ do: fc.constantFrom('look', 'write off', 'write off', 'remove', 'restart') }),
)

const groups = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: ofProxy.map(step => [step]) },
    { weight: 3, arbitrary: fc.array(ofProxy, { minLength: 2, maxLength: 5 }) },
    { weight: 2, arbitrary: alone.map(step => [step]) },
  ),
  { maxLength: 60, size: 'max' },
)

const money = (limit: number) =>
  budget('money', `{ limit: { usd: "${(limit / 1e6).toFixed(6)}" }, window: total }`)

/** The system under test. */
interface Real {
  world: BudgetWorld
  readonly store: Store
  readonly proxies: readonly ModelProxy[]
  /** The highest limit that ever was in force, extensions included. */
  peak: number
  limit: number
  extended: number
}

async function perform(real: Real, step: Step): Promise<void> {
  const { world, store } = real
  switch (step.do) {
    case 'wait':
      world.clock.now += step.ms
      return
    case 'edit':
      await world.publish(agents, money(step.limit))
      real.limit = step.limit
      real.peak = Math.max(real.peak, real.limit + real.extended)
      return
    case 'remove':
      return world.publish(agents)
    case 'extend':
      return extend(real, step.stale)
    case 'look':
      return world.budgets.lookAtAll()
    case 'write off':
      return void (await world.budgets.writeOff())
    case 'restart':
      real.world = await reopened(store, world.clock)
      return
    default:
      return byProxy(real, step)
  }
}

async function extend(real: Real, stale: boolean): Promise<void> {
  const extension = { budget: 'money', counter: '', window: '', amount: 100 }
  const extended = stale ? real.extended + 1 : real.extended
  const done = await real.store.db
    .transaction()
    .execute(db => extendBudget(db, 'default', { ...extension, extended }))
  if (stale && done) throw new Error('extended twice')
  if (done) real.extended += extension.amount
  real.peak = Math.max(real.peak, real.limit + real.extended)
}

async function byProxy({ proxies }: Real, step: Extract<Step, { proxy: number }>): Promise<void> {
  const proxy = proxies[step.proxy]
  if (proxy === undefined) return
  switch (step.do) {
    case 'ask':
      // While the budget is removed nothing is lent.
      return proxy.ask(step.amount).catch(error => {
        if (error.code !== 'budget_outdated') throw error
      })
    case 'begin':
      return proxy.begin(step.amount)
    case 'end':
      return proxy.end(step.part)
    case 'renew':
      return proxy.renew(step.part)
    case 'ship':
      return proxy.ship(step.count)
    case 'renew late':
      return proxy.renewLate(step.count)
    case 'tell late':
      return proxy.tellLate(step.count)
    case 'ship again':
      return proxy.shipAgain()
    case 'crash':
      return proxy.crash(step.tell)
  }
}

async function stored({ store }: Real): Promise<{ spent: number; leased: number }> {
  const row = await store.db
    .selectFrom('budget_counters')
    .select(['spent', 'leased'])
    .executeTakeFirst()
  return row ?? { spent: 0, leased: 0 }
}

/** What must hold after every step. */
async function expectSound(real: Real): Promise<void> {
  const flaws = await real.world.flaws()
  if (flaws.length > 0) throw new Error(JSON.stringify(flaws))
  const committed = real.proxies.reduce((sum, proxy) => sum + proxy.committed, 0)
  const { spent, leased } = await stored(real)
  if (committed > spent + leased) {
    throw new Error(`${committed} may be spent, ${spent} spent and ${leased} leased are known`)
  }
  if (committed > real.peak) throw new Error(`${committed} may be spent of ${real.peak}`)
  if (real.world.incidents.length > 0) throw new Error(JSON.stringify(real.world.incidents))
}

/** Once everything is shipped and given back, what is spent is what calls cost, whatever happened. */
async function expectSettled(real: Real): Promise<void> {
  await real.world.publish(agents, money(real.limit))
  for (const proxy of real.proxies) await proxy.stop()
  await real.world.budgets.lookAtAll()
  const cost = real.proxies.reduce((sum, proxy) => sum + proxy.cost, 0)
  const { spent, leased } = await stored(real)
  if (spent !== cost || leased !== 0) throw new Error(`${spent} spent of ${cost}, ${leased} leased`)
}

async function interleaving(t: Test, stores: StoreKind): Promise<void> {
  t.test('whatever order things come in, the limit holds and the books balance', async t => {
    const property = fc.asyncProperty(groups, async groups => {
      const store = await stores.empty()
      const world = await budgetWorld(store, [money(1000)])
      const proxies: ModelProxy[] = []
      const real: Real = { world, store, proxies, peak: 1000, limit: 1000, extended: 0 }
      for (const id of ['a', 'b', 'c']) proxies.push(new ModelProxy(() => real.world, id))
      await Promise.all(proxies.map(proxy => proxy.start()))
      for (const group of groups) {
        await Promise.all(group.map(step => perform(real, step)))
        await expectSound(real)
      }
      await expectSettled(real)
      await expectSound(real)
    })
    await fc.assert(property, { numRuns: runs })
    t.pass('it held')
  })
}

everyStore(t, interleaving)
