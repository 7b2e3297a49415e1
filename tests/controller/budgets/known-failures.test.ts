import t from 'tap'
import { embeddedStores, type StoreKind } from '../stores.ts'
import { agents, balanced, budget, budgetWorld, reopened, sums } from './budget-world.ts'

const stores: Promise<StoreKind> = embeddedStores(t)

const dollars = (limit: string, more = '') =>
  budget('money', `{ limit: { usd: "${limit}" }, window: total${more} }`)

const opened = async (...texts: readonly string[]) => {
  const store = await (await stores).empty()
  return { store, world: await budgetWorld(store, texts) }
}

// What other systems were reported to do, and this one does not.

t.test(
  'nothing goes beyond a cap of $30, however many ask while others have not settled',
  async t => {
    // LiteLLM #26672: $99 were spent on a cap of $30.
    const { world } = await opened(dollars('30'))
    const proxies = Array.from({ length: 4 }, (_, i) => world.proxy(`proxy-${i}`))
    await Promise.all(proxies.map(proxy => proxy.start()))
    let paid = 0
    let refused = false
    for (let i = 0; !refused; i += 1) {
      const proxy = proxies[i % proxies.length]
      const lease = (await proxy?.ask('money', 330_000))?.lease
      if (!lease) refused = true
      // Outcomes are handed in late, as from a proxy that is behind.
      else paid += lease.amount
    }
    t.ok(paid <= 30_000_000 && paid > 30_000_000 - 330_000, `${paid} micro-USD`)
    await balanced(t, world)
  },
)

t.test('two calls of one session that come at once do not both get its last dollar', async t => {
  // LiteLLM #34732: a race for the budget of a session.
  const { world } = await opened(
    budget('chats', '{ per: session, limit: { usd: "1" }, window: session }'),
  )
  const [a, b] = [world.proxy('proxy-a'), world.proxy('proxy-b')]
  await Promise.all([a.start(), b.start()])
  const answers = await Promise.all(
    [a, b].map(proxy => proxy.ask('chats', 600_000, { counter: 's-1' })),
  )
  t.equal(answers.filter(({ lease }) => lease !== null).length, 1)
})

t.test('of five calls at once for $0.15 each, $0.45 pay for three', async t => {
  // LiteLLM PR #40002: four were admitted, for $0.60.
  const { world } = await opened(dollars('0.45'))
  const proxies = Array.from({ length: 5 }, (_, i) => world.proxy(`proxy-${i}`))
  await Promise.all(proxies.map(proxy => proxy.start()))
  const answers = await Promise.all(proxies.map(proxy => proxy.ask('money', 150_000)))
  t.strictSame(
    answers.map(({ lease }) => lease?.amount ?? 0).sort(),
    [0, 0, 150_000, 150_000, 150_000],
  )
})

t.test('nobody is refused at $0.14 of $2,000 because others have set money aside', async t => {
  // LiteLLM PR #27509: reserving all headroom refused calls.
  const { world } = await opened(dollars('2000'))
  const proxies = Array.from({ length: 50 }, (_, i) => world.proxy(`proxy-${i}`))
  await Promise.all(proxies.map(proxy => proxy.start()))
  const [first] = proxies
  if (first) await first.spend(await first.lease('money', 140_000), 140_000)
  for (let round = 0; round < 3; round += 1) {
    for (const proxy of proxies) {
      t.ok((await proxy.ask('money', 600_000)).lease, 'a call for at most $0.60')
    }
  }
  const { remaining } = await world.counter('money')
  t.ok(remaining > 0, `${remaining} are still there`)
})

t.test('counters are not per replica', async t => {
  // Bifrost #3547: N replicas let N times the limit through.
  const { store, world } = await opened(dollars('0.001'))
  const others = await Promise.all([1, 2, 3].map(() => reopened(store, world.clock)))
  let leased = 0
  for (const [i, { proxy }] of [world, ...others].entries()) {
    const here = proxy(`proxy-${i}`)
    await here.start()
    for (let amount = 1; amount > 0; leased += amount) {
      amount = (await here.ask('money', 10)).lease?.amount ?? 0
    }
  }
  t.ok(leased <= 1000 && leased > 990, `${leased} of 1000`)
})

t.test('money that is spent does not leak back with time', async t => {
  // WSO2 #2936: a budget that was a leaky bucket never tripped.
  const { world } = await opened(dollars('0.001'))
  const a = world.proxy()
  await a.start()
  for (let day = 0; day < 10; day += 1) {
    const { lease } = await a.ask('money', 100)
    if (lease === null) break
    await a.spend(lease, 100)
    await a.renew(lease, 100, 0, 0)
    world.clock.now += 86_400_000
  }
  t.match(await a.ask('money', 100), { lease: null, state: { spent: 1000, limit: 1000 } })
  t.strictSame(await sums(world, 'money'), { spent: 1000, reserved: 0, remaining: 0 })
})

t.test('an edit of the limit leaves what was spent', async t => {
  // TensorZero: editing a rule resets its usage.
  const { world } = await opened(dollars('0.001'))
  const a = world.proxy()
  await a.start()
  await a.spend(await a.lease('money', 900), 900)
  for (const limit of ['0.002', '0.0005', '0.001']) {
    await world.publish(agents, dollars(limit))
    t.match(await world.counter('money'), { spent: 900 }, limit)
  }
})

t.test(
  'a call whose price nobody knows is charged what was set aside, and is not free',
  async t => {
    // LiteLLM #35524: without a price nothing was reserved.
    const { store, world } = await opened(dollars('0.001'))
    const a = world.proxy()
    await a.start()
    await a.hand(
      a.entry({ table: 'sha256:old', costSource: 'unpriced', reservedMicroUsd: 300 }),
      a.entry({ table: 'sha256:old', costSource: 'unpriced' }),
    )
    t.match(await world.counter('money'), { spent: 0 }, 'a counter begins with what has a price')
    await a.hand(a.entry({ table: 'sha256:old', costSource: 'unpriced', reservedMicroUsd: 300 }))
    t.match(await world.counter('money'), { spent: 300 })
    const rows = await store.db.selectFrom('usage').select('cost_micro_usd').distinct().execute()
    t.strictSame(rows, [{ cost_micro_usd: null }], 'unpriced is not zero')
    await balanced(t, world)
  },
)
