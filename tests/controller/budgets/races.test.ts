import t, { type Test } from 'tap'
import { everyStore, type StoreKind } from '../stores.ts'
import {
  agents,
  type BudgetWorld,
  balanced,
  budget,
  budgetWorld,
  type Held,
  noon,
  reopened,
  sums,
  type TestProxy,
  windowAt,
} from './budget-world.ts'

/** The embedded database does one thing at a time, so that fewer rounds tell as much. */
const roundsOf = ({ name }: StoreKind) => (name === 'embedded' ? 60 : 400)

const total = (limit: string) => budget('money', `{ limit: { usd: "${limit}" }, window: total }`)

async function started(
  world: BudgetWorld,
  count: number,
  name = 'proxy',
): Promise<readonly TestProxy[]> {
  const proxies = Array.from({ length: count }, (_, i) => world.proxy(`${name}-${i}`))
  await Promise.all(proxies.map(proxy => proxy.start()))
  return proxies
}

async function races(t: Test, stores: StoreKind): Promise<void> {
  const opened = async (texts: readonly string[]) => {
    const store = await stores.empty()
    return { store, world: await budgetWorld(store, texts) }
  }

  t.test('proxies that ask at once are never lent more than the limit', async t => {
    const { store, world } = await opened([total('0.001')])
    const others = await reopened(store, world.clock)
    const proxies = [...(await started(world, 5)), ...(await started(others, 5, 'other'))]
    const answers = await Promise.all(
      Array.from({ length: roundsOf(stores) }, (_, i) =>
        proxies[i % proxies.length]?.ask('money', 5 + (i % 11)),
      ),
    )
    const leased = answers.reduce((sum, answer) => sum + (answer?.lease?.amount ?? 0), 0)
    t.ok(leased <= 1000 && leased > 1000 - 5, `${leased} of 1000`)
    const fences = answers.flatMap(answer => answer?.lease?.fence ?? [])
    t.equal(new Set(fences).size, fences.length, 'every lease has a number of its own')
    t.match(await sums(world, 'money'), { reserved: leased, remaining: 1000 - leased })
    await balanced(t, world)
  })

  t.test('one lease is made of many requests for it', async t => {
    const { world } = await opened([total('0.001')])
    const [a] = await started(world, 1)
    const request = a?.request('money', 10)
    if (request === undefined) return
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => world.budgets.grant(request)),
    )
    const amounts = answers.flatMap(answer =>
      answer.status === 'fulfilled' ? (answer.value.lease?.amount ?? []) : [],
    )
    t.ok(amounts.length > 0 && new Set(amounts).size === 1)
    t.match(await sums(world, 'money'), { reserved: amounts[0] })
    await balanced(t, world)
  })

  t.test('a counter that is made while entries come begins with all of them', async t => {
    const { store, world } = await opened([])
    const proxies = await started(world, 4)
    await world.publish(
      agents,
      budget('late', '{ per: session, limit: { usd: "1" }, window: day }'),
    )
    const others = await reopened(store, world.clock)
    const window = windowAt('day', noon)
    const sessions = Array.from({ length: roundsOf(stores) / 10 }, (_, i) => `s-${i}`)
    for (const session of sessions) {
      const entries = proxies.map(proxy =>
        proxy.hand(
          proxy.entry({ session, costMicroUsd: 3, table: 'sha256:old' }),
          proxy.entry({ session, costMicroUsd: 4, table: 'sha256:old' }),
        ),
      )
      const asker = others.proxy(`asker ${session}`)
      await Promise.all([...entries, asker.ask('late', 1, { counter: session, window })])
    }
    for (const session of sessions) {
      const { spent } = await world.counter('late', session)
      if (spent !== 28) t.equal(spent, 28, session)
    }
    await balanced(t, world)
  })

  t.test('leases, entries and renewals that come at once leave books that balance', async t => {
    const { store, world } = await opened([
      total('0.01'),
      budget('bots', '{ per: agent, limit: { usd: "0.01" }, window: total }'),
      budget('calls', '{ limit: { calls: 100000 }, window: total }'),
    ])
    const others = await reopened(store, world.clock)
    const proxies = [...(await started(world, 3)), ...(await started(others, 3, 'other'))]
    let spent = 0
    const work = async (proxy: TestProxy) => {
      for (let i = 0; i < roundsOf(stores) / 20; i += 1) {
        const held: Held[] = []
        for (const [name, counter] of [
          ['money', ''],
          ['bots', 'bot'],
          ['calls', ''],
        ] as const) {
          const { lease } = await proxy.ask(name, name === 'calls' ? 1 : 7, { counter })
          if (lease) held.push(lease)
        }
        if (held.length < 3) {
          await Promise.all(held.map(lease => proxy.renew(lease, 0, 0, 0)))
          return
        }
        const charges = held.map(({ id, budget, counter, window }) => ({
          ...{ budget, counter, window, lease: id },
          amount: budget === 'calls' ? 1 : 7,
        }))
        spent += 7
        await Promise.all([
          proxy.hand(proxy.entry({ costMicroUsd: 7, charges })),
          ...held.map(lease => proxy.renew(lease, lease.budget === 'calls' ? 1 : 7, 0, 0)),
        ])
      }
    }
    await Promise.all(proxies.map(work))
    for (const name of ['money', 'bots'] as const) {
      const counter = name === 'bots' ? 'bot' : ''
      t.match(await sums(world, name, counter), { spent, reserved: 0 }, name)
    }
    await balanced(t, world)
  })
}

everyStore(t, races)
