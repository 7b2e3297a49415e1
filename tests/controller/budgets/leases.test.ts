import t, { type Test } from 'tap'
import { everyStore, type StoreKind } from '../stores.ts'
import { agents, balanced, budget, budgetWorld, sums } from './budget-world.ts'

const money = budget('money', '{ limit: { usd: "0.001" }, window: total }')

async function leases(t: Test, stores: StoreKind): Promise<void> {
  const opened = async (texts: readonly string[] = [money]) =>
    budgetWorld(await stores.empty(), texts)

  t.test(
    'a lease is a part of what is left, for some calls of the size that is needed',
    async t => {
      const world = await opened()
      const a = world.proxy()
      await a.start()
      const { lease, state } = await a.ask('money', 3)
      t.match(lease, { amount: 192, fence: 1, ttlMs: 30_000 })
      t.strictSame(state, { limit: 1000, extended: 0, spent: 0, reserved: 192 })
      const b = world.proxy('proxy-b')
      await b.start()
      t.match(await b.lease('money', 100), { amount: 200, fence: 2, ttlMs: 5000 })
      t.strictSame(await sums(world, 'money'), { spent: 0, reserved: 392, remaining: 608 })
      await balanced(t, world)
    },
  )

  t.test('what is spent is what the ledger says, and a lease lends its amount once', async t => {
    const world = await opened()
    const a = world.proxy()
    await a.start()
    const lease = await a.lease('money', 100)
    t.equal(lease.amount, 500)
    const line = a.outcome(lease, 70)
    await a.hand(line)
    await a.hand(line)
    t.strictSame(await sums(world, 'money'), { spent: 70, reserved: 430, remaining: 500 })
    await a.renew(lease, 70, 0, 0)
    t.strictSame(await sums(world, 'money'), { spent: 70, reserved: 0, remaining: 930 })
    await balanced(t, world)
  })

  t.test(
    'what was used is leased until its entry comes, though the lease was given back',
    async t => {
      const world = await opened()
      const a = world.proxy()
      await a.start()
      const lease = await a.lease('money', 100)
      const line = a.outcome(lease, 70)
      t.match(await a.renew(lease, 70, 0, 0), { ttlMs: 0, state: { spent: 0, reserved: 70 } })
      t.strictSame(await sums(world, 'money'), { spent: 0, reserved: 70, remaining: 930 })
      await a.hand(line)
      t.strictSame(await sums(world, 'money'), { spent: 70, reserved: 0, remaining: 930 })
      await balanced(t, world)
    },
  )

  t.test('a renewal that was held up takes nothing from what a later one keeps', async t => {
    const world = await opened()
    const a = world.proxy()
    await a.start()
    const lease = await a.lease('money', 100)
    await a.renew(lease, 50, 50, 50)
    await a.renew(lease, 0, 100, 400)
    t.match(await sums(world, 'money'), { reserved: 150 })
    await a.renew(lease, 50, 0, 0)
    t.match(await a.renew(lease, 0, 100, 400), { ttlMs: 0 }, 'nor brings it back')
    t.match(await sums(world, 'money'), { reserved: 50 })
    await balanced(t, world)
  })

  t.test('the same id is the same lease', async t => {
    const world = await opened()
    const a = world.proxy()
    await a.start()
    const request = a.request('money', 10)
    const first = await world.budgets.grant(request)
    world.clock.now += 1000
    const again = await world.budgets.grant(request)
    t.strictSame(again, first)
    t.match(await sums(world, 'money'), { reserved: first.lease?.amount })
    const b = world.proxy('proxy-b')
    await b.start()
    const stolen = b.request('money', 10, { lease: request.lease })
    await t.rejects(world.budgets.grant(stolen), { code: 'lease_conflict' })
    world.clock.now += 60_000
    t.match(await world.budgets.grant(request), { lease: { ttlMs: 5000 } }, 'it wakes up')
    await world.publish(agents)
    t.match(await world.budgets.grant(request), { lease: { ttlMs: 1 }, state: { limit: 0 } })
    await world.publish(agents, money)
    if (again.lease) await a.renew(again.lease, 0, 0, 0)
    await t.rejects(world.budgets.grant(request), { code: 'lease_conflict' }, 'it was given back')
    t.match(await sums(world, 'money'), { reserved: 0 })
    await balanced(t, world)
  })

  t.test('nothing is lent beyond the limit, and what is needed is lent to the last', async t => {
    const world = await opened()
    const a = world.proxy()
    await a.start()
    let leased = 0
    for (;;) {
      const { lease } = await a.ask('money', 7)
      if (lease === null) break
      leased += lease.amount
    }
    t.equal(leased, 994)
    t.match(await a.ask('money', 0), { lease: { amount: 3 } }, 'nothing is as little as one')
    await balanced(t, world)
  })

  t.test('idle money is called back when somebody needs it', async t => {
    const world = await opened()
    const [a, b] = [world.proxy('proxy-a'), world.proxy('proxy-b')]
    await Promise.all([a.start(), b.start()])
    const idle = await a.lease('money', 100)
    t.equal(idle.amount, 500)
    t.match(await a.renew(idle, 0, 0, 500), { ttlMs: 30_000 }, 'nobody needs it')
    t.match(await b.ask('money', 600), { lease: null, state: { reserved: 500 } })
    t.match(await a.renew(idle, 0, 0, 500), { ttlMs: 0 }, 'it is to be given back')
    t.match(await a.renew(idle, 0, 100, 0), { ttlMs: 30_000 }, 'calls in flight go on')
    t.match(await b.ask('money', 600), { lease: { amount: 600 } })
    await balanced(t, world)
  })

  t.test('what a provider charges beyond its bound is spent all the same, and shows', async t => {
    const world = await opened()
    const a = world.proxy()
    await a.start()
    const lease = await a.lease('money', 500)
    await a.spend(lease, 700)
    t.strictSame(await sums(world, 'money'), { spent: 700, reserved: 0, remaining: 300 })
    t.match(await a.renew(lease, 700, 200, 0), { ttlMs: 5000 })
    t.match(await sums(world, 'money'), { reserved: 200 }, 'what is in flight is held again')
    await a.spend(lease, 600)
    t.strictSame(await sums(world, 'money'), { spent: 1300, reserved: 0, remaining: 0 })
    t.match(await a.ask('money', 1), { lease: null, state: { limit: 1000, spent: 1300 } })
    await balanced(t, world)
  })

  t.test('a proxy that counts by what is no longer in force must follow first', async t => {
    const world = await opened()
    const a = world.proxy()
    await a.start()
    const old = world.table()
    await world.publish(budget('money', '{ limit: { usd: "0.002" }, window: total }'))
    t.match(await a.ask('money', 1, { table: old }), { state: { limit: 2000 } }, 'only the limit')
    await world.publish(budget('money', '{ per: agent, limit: { usd: "0.002" }, window: total }'))
    await t.rejects(a.ask('money', 1, { table: old }), { code: 'budget_outdated' })
    await t.rejects(a.ask('money', 1, { table: `sha256:${'0'.repeat(64)}`, counter: 'bot' }), {
      code: 'budget_outdated',
    })
    await t.rejects(a.ask('other', 1), { code: 'budget_outdated' }, 'there is none')
    await t.rejects(a.ask('money', 1, { namespace: 'nowhere' }), { code: 'budget_outdated' })
    t.match(await a.ask('money', 1, { counter: 'bot' }), { lease: { fence: 1 } })
  })

  t.test('windows that are not open lend nothing, though clocks may differ a little', async t => {
    const world = await opened([budget('daily', '{ limit: { usd: "0.001" }, window: day }')])
    const a = world.proxy()
    await a.start()
    const today = '2026-11-21T00:00:00.000Z'
    const tomorrow = '2026-11-22T00:00:00.000Z'
    t.match(await a.ask('daily', 1, { window: today }), { state: { resetsAt: tomorrow } })
    for (const window of ['', tomorrow, '2026-11-21T01:00:00.000Z', 'x']) {
      await t.rejects(a.ask('daily', 1, { window }), { code: 'window_closed' }, window)
    }
    await t.rejects(a.ask('daily', 1, { window: today, counter: 'a\0' }), { code: 'window_closed' })
    world.clock.now = Date.parse(tomorrow) + 299_000
    t.match(await a.ask('daily', 1, { window: today }), { lease: { amount: 64 } })
    const late = await a.lease('daily', 1, { window: tomorrow })
    world.clock.now = Date.parse(tomorrow) + 300_001
    await t.rejects(a.ask('daily', 1, { window: today }), { code: 'window_closed' })
    world.clock.now = Date.parse(tomorrow) + 86_400_000 + 300_000
    t.match(await a.renew(late, 0, 0, 1), { ttlMs: 0 }, 'a lease of a window that is over ends')
    await balanced(t, world)
  })

  t.test('a lease that nobody knows, or that belongs to another, is not renewed', async t => {
    const world = await opened()
    const [a, b] = [world.proxy('proxy-a'), world.proxy('proxy-b')]
    await Promise.all([a.start(), b.start()])
    const lease = await a.lease('money', 100)
    t.match(await a.renew({ ...lease, id: 'x' }, 0, 0, 1), { ttlMs: 0, state: { limit: 0 } })
    t.match(await a.renew({ ...lease, fence: 9 }, 0, 0, 1), { ttlMs: 0 })
    t.match(await b.renew(lease, 0, 0, 0), { ttlMs: 0 })
    t.match(await sums(world, 'money'), { reserved: 500 }, 'nor given back')
  })

  t.test('a lease of a budget that is removed or lowered ends, and comes back with it', async t => {
    const world = await opened()
    const a = world.proxy()
    await a.start()
    const lease = await a.lease('money', 100)
    await a.spend(lease, 40)
    await world.publish(budget('money', '{ limit: { usd: "0.0001" }, window: total }'))
    t.match(await a.renew(lease, 40, 0, 460), { ttlMs: 0, state: { limit: 100, spent: 40 } })
    await world.publish()
    t.match(await a.renew(lease, 40, 10, 0), { ttlMs: 0, state: { limit: 0 } })
    await world.publish(money)
    t.strictSame(await sums(world, 'money'), { spent: 40, reserved: 10, remaining: 950 })
    await balanced(t, world)
  })

  t.test('leases are written off a day after they were heard of', async t => {
    const world = await opened()
    const a = world.proxy()
    await a.start()
    const lease = await a.lease('money', 100)
    const lines = [a.outcome(lease, 50), a.outcome(lease, 30)]
    world.clock.now += 5000 + 86_400_000 - 1
    await world.budgets.writeOff()
    t.strictSame(await sums(world, 'money'), { spent: 0, reserved: 500, remaining: 500 })
    world.clock.now += 1
    await world.budgets.writeOff()
    t.strictSame(await sums(world, 'money'), { spent: 500, reserved: 0, remaining: 500 })
    t.match(await a.renew(lease, 80, 0, 420), { ttlMs: 0 })
    await a.hand(...lines)
    t.strictSame(await sums(world, 'money'), { spent: 500, reserved: 0, remaining: 500 })
    await balanced(t, world)
    await a.start('run 2')
    t.strictSame(await sums(world, 'money'), { spent: 80, reserved: 0, remaining: 920 })
    await balanced(t, world)
  })

  t.test(
    'leases that are long over are forgotten, and what was charged to them is not',
    async t => {
      const store = await stores.empty()
      const world = await budgetWorld(store, [money])
      const a = world.proxy()
      await a.start()
      const over = await a.lease('money', 100)
      await a.spend(over, 30)
      await a.renew(over, 30, 0, 0)
      const kept = await a.lease('money', 100)
      await a.renew(kept, 20, 0, 0)
      world.clock.now += 8 * 86_400_000
      await world.budgets.writeOff()
      const rows = await store.db.selectFrom('budget_leases').select(['id', 'state']).execute()
      t.strictSame(rows, [{ id: kept.id, state: 'written_off' }])
      await a.spend(kept, 20)
      t.strictSame(await sums(world, 'money'), { spent: 50, reserved: 0, remaining: 950 })
      await balanced(t, world)
    },
  )
}

everyStore(t, leases)
