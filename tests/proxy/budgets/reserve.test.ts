import t from 'tap'
import { agent, price, purse, quote, spender, tableOf, used } from './purse.ts'
import { SmallLedger } from './small-ledger.ts'

t.test('a call is reserved at once while leases suffice', async t => {
  const ledger = new SmallLedger(1_000_000)
  const { budgets, reservation } = purse(ledger, tableOf({}))
  const first = budgets.reserve(spender, quote(10, 90))
  t.ok(first instanceof Promise)
  t.strictSame((await reservation(spender, quote(10, 90))).charges[0]?.amount, 100)
  await first
  const third = budgets.reserve(spender, quote(10, 90))
  t.notOk(third instanceof Promise)
  t.equal(ledger.asked.length, 1)
})

t.test('what is settled is the usage, and what is not used can be reserved again', async t => {
  const ledger = new SmallLedger(100)
  const { reservation } = purse(ledger, tableOf({}))
  const first = await reservation(spender, quote(10, 90))
  t.equal(first.reservedMicroUsd, 100)
  t.equal(first.maxOutputTokens, 90)
  t.strictSame(first.settle(used(10, 20)), {
    costMicroUsd: 30,
    costSource: 'provider',
    charges: [{ budget: 'money', counter: '', window: '', lease: 'run-1-1', amount: 30 }],
  })
  t.equal((await reservation(spender, quote(10, 60))).maxOutputTokens, 60)
})

t.test('only the first settlement counts', async t => {
  const { reservation, counters } = purse(new SmallLedger(100), tableOf({}))
  const first = await reservation(spender, quote(10, 90))
  const settled = first.settle(used(10, 20))
  t.equal(first.settle(used(10, 90)), settled)
  t.equal(first.settle({ sent: false, usage: null }), settled)
  t.notOk(counters.holding)
})

t.test(
  'a call that was not sent is not charged, and one nobody can tell of is charged whole',
  async t => {
    const { reservation } = purse(new SmallLedger(100), tableOf({}))
    const first = await reservation(spender, quote(10, 90))
    t.strictSame(first.settle({ sent: false, usage: null }), {
      costMicroUsd: 0,
      costSource: 'provider',
      charges: [],
    })
    const second = await reservation(spender, quote(10, 90))
    const { costMicroUsd, charges } = second.settle({ sent: true, usage: null })
    t.strictSame([costMicroUsd, charges.map(({ amount }) => amount)], [100, [100]])
  },
)

t.test('what a provider reports beyond the bound is charged all the same', async t => {
  const { reservation } = purse(new SmallLedger(1000), tableOf({}))
  const { charges } = (await reservation(spender, quote(10, 20))).settle(used(10, 500))
  t.strictSame(
    charges.map(({ amount }) => amount),
    [510],
  )
})

t.test('the output is clipped to what is left', async t => {
  const { reservation, shortage } = purse(new SmallLedger(100), tableOf({}))
  t.equal((await reservation(spender, quote(10, 1000))).maxOutputTokens, 90)
  const { reason, state, needed, counter, window } = await shortage(spender, quote(10, 1000))
  t.strictSame(
    { reason, state, needed, counter, window },
    {
      reason: 'budget_exceeded',
      state: { limit: 100, extended: 0, spent: 0, reserved: 100 },
      needed: 11,
      counter: '',
      window: '',
    },
  )
})

t.test('an answer that would be too short is refused', async t => {
  const { shortage } = purse(new SmallLedger(100), tableOf({}))
  const { reason, needed } = await shortage(spender, quote(50, 1000, { leastOutputTokens: 64 }))
  t.strictSame([reason, needed], ['budget_exceeded', 114])
})

t.test('five at once of which four fit are four', async t => {
  const ledger = new SmallLedger(450_000)
  const { budgets } = purse(ledger, tableOf({}))
  const large = quote(300_000 / 3, 0)
  const all = await Promise.all(Array.from({ length: 5 }, () => budgets.reserve(spender, large)))
  t.strictSame(
    all.map(({ ok }) => ok),
    [true, true, true, true, false],
  )
})

t.test('all budgets pay, or none', async t => {
  const ledger = new SmallLedger(1000)
  ledger.count({ budget: 'small', counter: 'coder', window: '' }).limit = 50
  const { reservation, shortage, counters } = purse(
    ledger,
    tableOf({}, { name: 'small', per: 'agent' }, { name: 'calls', unit: 'calls' }),
  )
  const { reason, budget } = await shortage(spender, quote(60, 40))
  t.strictSame([reason, budget.name], ['budget_exceeded', 'small'])
  t.notOk(counters.holding)
  const paid = await reservation(spender, quote(10, 100))
  t.equal(paid.maxOutputTokens, 40)
  t.strictSame(
    paid.charges.map(({ budget, counter, amount }) => [budget, counter, amount]),
    [
      ['money', '', 50],
      ['small', 'coder', 50],
      ['calls', '', 1],
    ],
  )
})

t.test('a budget per team charges every team of the owner', async t => {
  const { reservation } = purse(new SmallLedger(1000), tableOf({ per: 'team', unit: 'tokens' }))
  const { charges } = await reservation(spender, quote(10, 10))
  t.strictSame(
    charges.map(({ counter, amount }) => [counter, amount]),
    [
      ['core', 20],
      ['ops', 20],
    ],
  )
})

t.test('a budget of money refuses a model without a price, unless it names one', async t => {
  const unpriced = quote(10, 10, { price: null, priceFrom: 'unpriced' })
  const plain = purse(new SmallLedger(1000), tableOf({ unit: 'tokens' }, { name: 'usd' }))
  const { reason, budget } = await plain.shortage(spender, unpriced)
  t.strictSame([reason, budget.name], ['price_unknown', 'usd'])
  const fallback = purse(
    new SmallLedger(1000),
    tableOf({ fallbackPrice: { input: 2_000_000, output: 3_000_000 } }),
  )
  const reserved = await fallback.reservation(spender, unpriced)
  t.equal(reserved.reservedMicroUsd, 50)
  const { costMicroUsd, costSource } = reserved.settle(used(10, 1))
  t.strictSame([costMicroUsd, costSource], [23, 'fallback'])
})

t.test('a call that no budget concerns is not held up', async t => {
  const { budgets } = purse(new SmallLedger(0), tableOf({ scope: { agents: ['other'] } }))
  const reserved = budgets.reserve(spender, quote(10, 10))
  if (reserved instanceof Promise || !reserved.ok) throw new Error('held up')
  const { reservation } = reserved
  t.strictSame(reservation.charges, [])
  t.strictSame(reservation.settle(used(10, 5)), {
    costMicroUsd: 15,
    costSource: 'provider',
    charges: [],
  })
  t.equal(budgets.reserveTool({ ...spender, tool: 'pay' }), null)
  const unpriced = budgets.reserve(spender, quote(10, 10, { price: null, priceFrom: 'unpriced' }))
  if (unpriced instanceof Promise || !unpriced.ok) throw new Error('held up')
  t.strictSame(unpriced.reservation.settle(used(1, 1)), { costSource: 'unpriced', charges: [] })
})

t.test('a tool counts as a call and costs what budgets say', async t => {
  const toolPrices = [{ tool: 'pay*', microUsd: 250 }]
  const { budgets } = purse(
    new SmallLedger(500),
    tableOf({ toolPrices }, { name: 'calls', unit: 'calls', scope: { tools: ['pay'] } }),
  )
  const { model: _, ...caller } = spender
  const reserved = await budgets.reserveTool({ ...caller, tool: 'pay' })
  if (reserved?.ok !== true) throw new Error('not reserved')
  const { costMicroUsd, costSource, charges } = reserved.reservation.settle({
    sent: true,
    usage: null,
  })
  t.strictSame([costMicroUsd, costSource], [250, 'tool'])
  t.strictSame(
    charges.map(({ budget, amount }) => [budget, amount]),
    [
      ['money', 250],
      ['calls', 1],
    ],
  )
})

t.test('a soft limit is named once it is passed', async t => {
  const { reservation } = purse(new SmallLedger(100), tableOf({ softLimit: 50, per: 'team' }))
  const first = await reservation(spender, quote(10, 40))
  t.strictSame(first.softLimits, [])
  first.settle(used(10, 40))
  t.strictSame((await reservation(spender, quote(10, 10))).softLimits, ['money'])
})

t.test('a reservation tells from which entry on its attempt can be', async t => {
  const made = purse(new SmallLedger(1000), tableOf({}))
  t.equal(made.budgets.oldestOpen(), Number.POSITIVE_INFINITY)
  const first = await made.reservation(spender, quote(1, 1))
  made.seq = 7
  const second = await made.reservation(spender, quote(1, 1))
  t.equal(made.budgets.oldestOpen(), 1)
  first.settle(used(1, 1))
  t.equal(made.budgets.oldestOpen(), 7)
  second.settle(used(1, 1))
  t.equal(made.budgets.oldestOpen(), Number.POSITIVE_INFINITY)
})

t.test('a window that ends makes a new counter, and its leases go back', async t => {
  const ledger = new SmallLedger(100)
  const made = purse(ledger, tableOf({ window: 'hour' }))
  const hour = 3_600_000
  const first = await made.reservation(spender, quote(10, 80))
  made.clock = hour + 1
  const second = await made.reservation(spender, quote(10, 80))
  t.strictSame(
    [first, second].map(({ charges }) => charges[0]?.window),
    ['1970-01-01T00:00:00.000Z', '1970-01-01T01:00:00.000Z'],
  )
  ledger.charge(first.settle(used(10, 20)).charges)
  await made.counters.renew(made.clock)
  t.equal(
    ledger.count({ budget: 'money', counter: '', window: '1970-01-01T00:00:00.000Z' }).leased,
    0,
  )
})

t.test('a time zone that is not known here refuses what it may concern', async t => {
  const { shortage } = purse(
    new SmallLedger(100),
    tableOf({ window: 'day', timeZone: 'Mars/Olympus' }),
  )
  const { reason, budget } = await shortage(spender, quote(1, 1))
  t.strictSame([reason, budget.timeZone], ['budget_unavailable', 'Mars/Olympus'])
})

t.test('an agent without a table is refused elsewhere and concerns no budget', async t => {
  const made = purse(new SmallLedger(100), tableOf({}))
  made.table = null
  t.strictSame((await made.reservation(spender, quote(1, 1))).charges, [])
  t.equal(agent.name, 'coder')
  t.equal(price.input, 1_000_000)
})
