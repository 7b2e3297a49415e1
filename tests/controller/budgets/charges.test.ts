import { sql } from 'kysely'
import t, { type Test } from 'tap'
import type { Record as Entry } from '../../../schemas/record.ts'
import { everyStore, type StoreKind } from '../stores.ts'
import {
  agents,
  balanced,
  budget,
  budgetWorld,
  chargeTo,
  noon,
  reopened,
  sums,
  windowAt,
} from './budget-world.ts'

const money = budget('money', '{ limit: { usd: "0.001" }, window: total }')
const today = windowAt('day', noon)

async function charges(t: Test, stores: StoreKind): Promise<void> {
  const opened = async (texts: readonly string[] = [money]) => {
    const store = await stores.empty()
    return { store, world: await budgetWorld(store, texts) }
  }

  t.test('a call leaves what it used and what it cost', async t => {
    const { store, world } = await opened()
    const a = world.proxy()
    await a.start()
    const usage = {
      ...{ inputTokens: 10, outputTokens: 20, cacheReadTokens: 3, cacheWriteTokens: 4 },
      reasoningTokens: 5,
    }
    const more: Partial<Entry> = {
      ...{ requestedModel: 'alias', endpoint: '/v1/messages', stream: true, usage },
      ...{ usageSource: 'provider', upstreamStatus: '200', durationMs: 12.5 },
    }
    await a.spend(await a.lease('money', 100), 70, more)
    await a.hand(
      a.entry({ status: 'refused' }),
      a.entry({ status: 'pending' }),
      a.entry({ status: 'collected' }),
      a.entry({ phase: 'attempt' }),
      a.entry({ kind: 'resource' }),
      a.entry({ kind: 'tool', tool: 'read', server: 'files', status: 'failed' }),
    )
    const rows = await store.db.selectFrom('usage').selectAll().orderBy('seq').execute()
    t.strictSame(rows, [
      {
        ...{ proxy: 'proxy-a', seq: 1, call: 'proxy-a 1', time: new Date(noon + 1000) },
        ...{ namespace: 'default', agent: 'bot', api_key: 'laptop', user_name: 'ana' },
        ...{ session: 's-1', flow: 'nightly', kind: 'model', provider: 'models', model: 'small' },
        ...{ requested_model: 'alias', server: null, tool: null, endpoint: '/v1/messages' },
        ...{ stream: true, status: 'succeeded', upstream_status: '200', input_tokens: 10 },
        ...{ output_tokens: 20, cache_read_tokens: 3, cache_write_tokens: 4, reasoning_tokens: 5 },
        ...{ cost_micro_usd: 70, cost_source: 'provider', usage_source: 'provider' },
        duration_ms: 12.5,
      },
      {
        ...{ proxy: 'proxy-a', seq: 7, call: 'proxy-a 7', time: new Date(noon + 1000) },
        ...{ namespace: 'default', agent: 'bot', api_key: 'laptop', user_name: 'ana' },
        ...{ session: 's-1', flow: 'nightly', kind: 'tool', provider: 'models', model: 'small' },
        ...{ requested_model: null, server: 'files', tool: 'read', endpoint: null },
        ...{ stream: null, status: 'failed', upstream_status: null, input_tokens: null },
        ...{ output_tokens: null, cache_read_tokens: null, cache_write_tokens: null },
        ...{ reasoning_tokens: null, cost_micro_usd: null, cost_source: 'provider' },
        ...{ usage_source: null, duration_ms: null },
      },
    ])
    await balanced(t, world)
  })

  t.test('a call whose proxy did not know of a budget is charged to it late', async t => {
    const { world } = await opened()
    const a = world.proxy()
    await a.start()
    const old = world.table()
    const lease = await a.lease('money', 100)
    const bySession = '{ per: session, limit: { calls: 10 }, window: session }'
    await world.publish(agents, money, budget('chats', bySession))
    await a.ask('chats', 1, { counter: 's-1' })
    await a.spend(lease, 70, { table: old })
    t.match(await world.counter('money'), { spent: 70 }, 'once to the one that it knew')
    t.match(await world.counter('chats', 's-1'), { spent: 1 })
    await a.spend(lease, 5)
    t.match(await world.counter('chats', 's-1'), { spent: 1 }, 'one that knew did not mean to')
    t.strictSame(world.incidents, [])
    await balanced(t, world)
  })

  t.test('a charge to a lease that is not that of the proxy is an incident, and late', async t => {
    const { store, world } = await opened([
      money,
      budget('other', '{ limit: { usd: "1" }, window: total }'),
    ])
    const [a, b] = [world.proxy('proxy-a'), world.proxy('proxy-b')]
    await Promise.all([a.start(), b.start()])
    const mine = await a.lease('money', 100)
    const theirs = await b.lease('money', 100)
    await a.hand(
      a.outcome(theirs, 10),
      a.outcome({ ...mine, id: 'nobody' }, 20),
      a.outcome({ ...mine, budget: 'other' }, 30),
      a.outcome({ ...mine, counter: 'x' }, 40),
      a.outcome(mine, 50),
    )
    t.match(await sums(world, 'money'), { spent: 80, reserved: mine.amount + theirs.amount - 50 })
    t.strictSame(world.incidents, [
      { proxy: 'proxy-a', seq: 1, reason: 'foreign_lease' },
      { proxy: 'proxy-a', seq: 2, reason: 'unknown_lease' },
      { proxy: 'proxy-a', seq: 3, reason: 'other_counter' },
      { proxy: 'proxy-a', seq: 4, reason: 'other_counter' },
    ])
    const rows = await store.db
      .selectFrom('budget_charges')
      .select(['seq', 'kind', 'amount', 'lease', 'reason'])
      .orderBy('id')
      .execute()
    t.strictSame(rows, [
      { seq: 1, kind: 'late', amount: 10, lease: null, reason: 'foreign_lease' },
      { seq: 2, kind: 'late', amount: 20, lease: null, reason: 'unknown_lease' },
      { seq: 5, kind: 'lease', amount: 50, lease: mine.id, reason: null },
    ])
    await balanced(t, world)
  })

  t.test('an entry in disorder keeps no other from being stored', async t => {
    const { world } = await opened([
      budget('money', '{ per: session, limit: { usd: "1" }, window: day }'),
    ])
    const a = world.proxy()
    await a.start()
    const lease = await a.lease('money', 100, { counter: 's-1', window: today })
    const charge = chargeTo(lease, 1)
    const odd = (charges: unknown, some = {}) => a.entry({ ...some, charges: charges as never })
    await a.hand(
      odd('money'),
      odd([null, 7, [], {}]),
      odd([
        { ...charge, amount: -1 },
        { ...charge, amount: 0.5 },
        { ...charge, amount: '1' },
      ]),
      odd([
        { ...charge, counter: 'a\0b' },
        { ...charge, counter: '\ud800' },
        { ...charge, lease: '' },
      ]),
      odd([{ ...charge, budget: 'x'.repeat(300) }]),
      odd(Array.from({ length: 300 }, () => charge)),
      odd([charge], { session: '\ud800\0'.repeat(200), table: 'sha256:none' }),
      odd([charge], { time: '+275760-09-13T00:00:00.000Z', table: 'sha256:none' }),
      odd([charge], { time: '-271821-04-20T00:00:00.000Z', table: 'sha256:none' }),
      odd([charge], { usage: { inputTokens: -1, outputTokens: 1e300 }, costMicroUsd: 2 ** 53 }),
      odd([{ ...charge, amount: Number.MAX_SAFE_INTEGER }]),
      odd([charge]),
    )
    const { spent } = await world.counter('money', 's-1')
    t.equal(spent, 256 + 5 + 2 ** 40)
    t.strictSame(
      world.incidents.map(({ seq, reason }) => `${seq} ${reason}`),
      [1, 2, 3, 4, 5, 6].map(seq => `${seq} malformed_charges`),
    )
    await balanced(t, world)
  })

  t.test('a new or renamed budget begins with what was spent before', async t => {
    const { store, world } = await opened([])
    const a = world.proxy()
    await a.start()
    const yesterday = new Date(noon - 43_200_001).toISOString()
    await a.hand(
      a.entry({ costMicroUsd: 10, usage: { inputTokens: 1, outputTokens: 2 } }),
      a.entry({ costMicroUsd: 20, agent: 'cat', user: 'ben', usage: { inputTokens: 5 } }),
      a.entry({ costMicroUsd: 40, time: yesterday }),
      a.entry({ costSource: 'unpriced', usage: { inputTokens: 1_000_000 }, model: 'odd' }),
      a.entry({ kind: 'tool', tool: 'pay', server: 'bank', costSource: 'tool' }),
      a.entry({ kind: 'tool', tool: 'look', server: 'bank', costSource: 'tool' }),
      a.entry({ costMicroUsd: 80, status: 'refused' }),
    )
    await world.publish(
      agents,
      budget('all', '{ limit: { usd: "1" }, window: total }'),
      budget('day', '{ limit: { usd: "1" }, window: day }'),
      budget('bots', '{ per: agent, limit: { usd: "1" }, window: day }'),
      budget('tokens', '{ limit: { tokens: 9000000 }, window: day }'),
      budget('calls', '{ scope: { tools: ["p*"] }, limit: { calls: 9 }, window: day }'),
      budget('teams', '{ per: team, limit: { usd: "1" }, window: day }'),
      budget(
        'dear',
        '{ limit: { usd: "9" }, window: day, fallbackPrice: { input: "3", output: "3" }, toolPrices: [{ tool: pay, usd: "0.5" }] }',
      ),
    )
    t.match(await sums(world, 'all'), { spent: 70 })
    t.match(await sums(world, 'day'), { spent: 30 })
    t.match(await sums(world, 'tokens'), { spent: 1_000_008 })
    t.match(await sums(world, 'calls'), { spent: 1 })
    t.match(await sums(world, 'dear'), { spent: 3_500_030 })
    for (const [name, counter, spent] of [
      ['bots', 'bot', 10],
      ['bots', 'cat', 20],
      ['teams', 'core', 30],
      ['teams', 'ops', 10],
    ] as const) {
      const { state } = await a.ask(name, 1, { counter, window: today })
      t.equal(state.spent, spent, `${name} ${counter}`)
    }
    const { rows } = await sql<{ kind: string }>`select distinct kind from budget_charges`.execute(
      store.db,
    )
    t.strictSame(rows, [{ kind: 'seed' }])
    await balanced(t, world)
  })

  t.test('a call that ends after midnight is charged to its own day and to no other', async t => {
    const { world } = await opened([budget('daily', '{ limit: { calls: 10 }, window: day }')])
    const a = world.proxy()
    await a.start()
    const lease = await a.lease('daily', 1, { window: today })
    world.clock.now = Date.parse(windowAt('day', noon + 86_400_000)) + 10
    await a.hand(a.entry({ charges: [chargeTo(lease, 1)] }))
    t.match(await world.counter('daily'), { spent: 0, window: '2026-11-22T00:00:00.000Z' })
    t.match(await a.ask('daily', 1, { window: today }), { state: { spent: 1 } })
    await balanced(t, world)
  })

  t.test('an edit of a budget resets nothing', async t => {
    const { world } = await opened()
    const a = world.proxy()
    await a.start()
    const lease = await a.lease('money', 100)
    await a.spend(lease, 100, { usage: { inputTokens: 7 } })
    await a.spend(lease, 30, { agent: 'cat', user: 'ben', usage: { inputTokens: 1 } })
    await a.hand(a.entry({ status: 'unknown', charges: [chargeTo(lease, 5)] }))
    const left = lease.amount - 135
    const now = async (spec: string) => {
      await world.publish(agents, budget('money', spec))
      return sums(world, 'money')
    }
    const limit = 'limit: { usd: "0.002" }, window: total'
    t.match(await now(`{ ${limit} }`), { spent: 135, reserved: left }, 'of the limit')
    t.match(await now(`{ ${limit}, softLimitPercent: 5 }`), { spent: 135 }, 'of the soft limit')
    t.match(await now(`{ ${limit}, scope: { agents: [cat] } }`), { spent: 30, reserved: left })
    t.match(await now(`{ ${limit}, scope: { agents: ["*"] } }`), { spent: 135, reserved: left })
    t.match(await now('{ limit: { tokens: 90 }, window: total }'), { spent: 8, reserved: 0 })
    await balanced(t, world)
    await a.spend(lease, 50, { usage: { inputTokens: 2 }, table: 'sha256:old' })
    t.match(
      await sums(world, 'money'),
      { spent: 10, reserved: 0 },
      'a lease in dollars pays no tokens',
    )
    t.match(await now(`{ ${limit} }`), { spent: 180, reserved: 0 }, 'and back')
    await world.publish(agents)
    t.match(await now(`{ ${limit} }`), { spent: 180 }, 'removed and written again')
    await balanced(t, world)
  })

  t.test(
    'what a proxy leased before it was killed is free once the ledger has what it wrote',
    async t => {
      const { store, world } = await opened()
      const a = world.proxy()
      await a.start()
      const lease = await a.lease('money', 100)
      const first = a.outcome(lease, 10)
      const second = a.outcome(lease, 20)
      await a.start('run 2')
      t.match(await sums(world, 'money'), { spent: 0, reserved: 500 })
      t.match(await a.renew(lease, 0, 0, 500), { ttlMs: 0 })
      const other = await a.lease('money', 100)
      await a.hand(second)
      await world.budgets.look()
      t.match(
        await sums(world, 'money'),
        { spent: 20, reserved: 480 + other.amount },
        'there is a gap',
      )
      await a.hand(a.outcome(other, 1))
      await world.budgets.look()
      t.match(await sums(world, 'money'), { spent: 21, reserved: 480 + other.amount - 1 })
      await a.hand(first)
      const later = await reopened(store, world.clock)
      await later.budgets.lookAtAll()
      t.match(await sums(world, 'money'), { spent: 31, reserved: other.amount - 1 }, 'it is filled')
      await t.rejects(world.budgets.grant({ ...a.request('money', 1), run: 'proxy-a run 1' }), {
        code: 'run_ended',
      })
      await balanced(t, world)
    },
  )

  t.test('a start that nobody told of is lent nothing', async t => {
    const { world } = await opened()
    const a = world.proxy()
    const unknown = { code: 'run_unknown' }
    await t.rejects(world.budgets.grant(a.request('money', 100)), unknown)
    await a.spend(await a.lease('money', 100), 10)
    a.restart('run 2')
    await t.rejects(world.budgets.grant(a.request('money', 100)), unknown)
    t.match(await sums(world, 'money'), { spent: 10, reserved: 490 })
    await a.start('run 3')
    t.match(await sums(world, 'money'), { spent: 10, reserved: 0 })
    await balanced(t, world)
  })

  t.test('word of a start that comes after a later one changes nothing', async t => {
    const { world } = await opened()
    const a = world.proxy()
    await a.start()
    a.restart('run 2')
    await a.start('run 3')
    const { amount } = await a.lease('money', 100)
    for (const n of [1, 0, 2]) await a.tell(n)
    await world.budgets.lookAtAll()
    t.match(await sums(world, 'money'), { spent: 0, reserved: amount })
    await t.rejects(world.budgets.grant({ ...a.request('money', 1), run: 'run 2' }), {
      code: 'run_ended',
    })
    t.ok((await a.lease('money', 1)).amount > 0)
    await balanced(t, world)
  })

  t.test('people are told of a soft limit once, and again if that failed', async t => {
    const { store, world } = await opened([
      budget('money', '{ limit: { usd: "0.001" }, softLimitPercent: 10, window: total }'),
    ])
    const other = await reopened(store, world.clock)
    const a = world.proxy()
    await a.start()
    const lease = await a.lease('money', 500)
    const told: string[] = []
    let failing = true
    world.budgets.onSoftLimit(({ budget, spent, softLimit }) => {
      if (failing) throw new Error('no channel')
      told.push(`${budget} ${spent} of ${softLimit}`)
    })
    other.budgets.onSoftLimit(({ budget }) => void told.push(`${budget} told by another`))
    await a.spend(lease, 99)
    await world.budgets.look()
    t.strictSame(told, [])
    await a.spend(lease, 1)
    await t.rejects(world.budgets.look(), { message: /not looked after/ })
    failing = false
    await world.budgets.look()
    await a.spend(lease, 1)
    await world.budgets.look()
    await other.budgets.lookAtAll()
    t.strictSame(told, ['money 100 of 100'])
  })
}

everyStore(t, charges)
