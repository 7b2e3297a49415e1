import t from 'tap'
import { type Purse, purse, quote, spender, tableOf, used } from './purse.ts'
import { SmallLedger } from './small-ledger.ts'

/** Reserves and settles a call that costs so much. */
async function spend({ reservation }: Purse, ledger: SmallLedger, amount: number): Promise<void> {
  ledger.charge((await reservation(spender, quote(0, amount))).settle(used(0, amount)).charges)
}

const money = { budget: 'money', counter: '', window: '' }

t.test('a hundred calls at once ask for one lease', async t => {
  const ledger = new SmallLedger(1_000_000)
  const { budgets } = purse(ledger, tableOf({}))
  ledger.lends = () => 100_000
  const all = await Promise.all(
    Array.from({ length: 100 }, () => budgets.reserve(spender, quote(10, 10))),
  )
  t.ok(all.every(({ ok }) => ok))
  t.equal(ledger.asked.length, 1)
})

t.test('a lease is asked for before the last one is used up', async t => {
  const ledger = new SmallLedger(1_000_000)
  const made = purse(ledger, tableOf({}))
  ledger.lends = () => 100
  await spend(made, ledger, 50)
  t.equal(ledger.asked.length, 1)
  const second = made.budgets.reserve(spender, quote(0, 30))
  t.notOk(second instanceof Promise)
  await new Promise(setImmediate)
  t.equal(ledger.asked.length, 2)
  t.notOk(made.budgets.reserve(spender, quote(0, 60)) instanceof Promise)
})

t.test('two proxies share a budget to the last micro-USD and no further', async t => {
  const ledger = new SmallLedger(1000)
  const [one, two] = [purse(ledger, tableOf({}), 'a'), purse(ledger, tableOf({}), 'b')]
  let spent = 0
  for (let turn = 0; turn < 200; turn++) {
    const { budgets } = turn % 2 === 0 ? one : two
    const reserved = await budgets.reserve(spender, quote(0, 10))
    if (!reserved.ok) continue
    const { settle, maxOutputTokens } = reserved.reservation
    const { charges } = settle(used(0, maxOutputTokens))
    ledger.charge(charges)
    spent += charges.reduce((sum, { amount }) => sum + amount, 0)
  }
  t.equal(spent, ledger.count(money).spent)
  t.equal(spent, 1000)
  await one.counters.renew(0, true)
  await two.counters.renew(0, true)
  t.equal(ledger.count(money).leased, 0)
})

t.test('a budget that is spent is not asked about with every call', async t => {
  const ledger = new SmallLedger(10)
  const made = purse(ledger, tableOf({}))
  await made.shortage(spender, quote(20, 10))
  const asked = ledger.asked.length
  for (let i = 0; i < 100; i++)
    t.notOk(made.budgets.reserve(spender, quote(20, 10)) instanceof Promise)
  t.equal(ledger.asked.length, asked)
  made.clock += 501
  ledger.count(money).limit = 1000
  t.equal((await made.reservation(spender, quote(20, 10))).maxOutputTokens, 10)
})

t.test('doubt has the ledger asked again at once', async t => {
  const ledger = new SmallLedger(10)
  const made = purse(ledger, tableOf({}))
  await made.shortage(spender, quote(20, 10))
  ledger.count(money).limit = 1000
  made.counters.doubt({ ...money, namespace: 'default', budget: 'other' })
  await made.shortage(spender, quote(20, 10))
  made.counters.doubt({ ...money, namespace: 'default' })
  t.equal((await made.reservation(spender, quote(20, 10))).maxOutputTokens, 10)
})

t.test('a small call is not refused because a large one was', async t => {
  const ledger = new SmallLedger(50)
  const made = purse(ledger, tableOf({}))
  await made.shortage(spender, quote(60, 10))
  t.equal((await made.reservation(spender, quote(10, 10))).maxOutputTokens, 10)
})

t.test('without the controller what is leased is spent, and then nothing', async t => {
  const ledger = new SmallLedger(10_000)
  ledger.lends = () => 100
  const made = purse(ledger, tableOf({}))
  await spend(made, ledger, 50)
  ledger.away = 'yes'
  t.equal((await made.reservation(spender, quote(0, 40))).maxOutputTokens, 40)
  t.equal((await made.reservation(spender, quote(0, 40))).maxOutputTokens, 10)
  const { reason, state } = await made.shortage(spender, quote(0, 40))
  t.strictSame([reason, state?.limit], ['budget_unavailable', 10_000])
  ledger.away = 'no'
  made.clock += 1001
  t.equal((await made.reservation(spender, quote(0, 40))).maxOutputTokens, 40)
})

t.test('nothing is reserved from a lease whose time is over, until it is renewed', async t => {
  const ledger = new SmallLedger(100)
  ledger.lends = left => left
  const made = purse(ledger, tableOf({}))
  const open = await made.reservation(spender, quote(0, 10))
  made.clock = 30_000
  ledger.away = 'yes'
  t.equal((await made.shortage(spender, quote(0, 10))).reason, 'budget_unavailable')
  ledger.away = 'no'
  made.clock += 1001
  t.equal((await made.reservation(spender, quote(0, 90))).maxOutputTokens, 90)
  ledger.charge(open.settle(used(0, 10)).charges)
  t.strictSame(ledger.renewals.at(-1)?.leases, [
    { id: 'run-1-1', fence: 1, used: 0, held: 10, keep: 90 },
  ])
})

t.test('the time of a lease counts from when it was asked for', async t => {
  const ledger = new SmallLedger(100)
  ledger.lends = left => left
  ledger.ttlMs = 1000
  const made = purse(ledger, tableOf({}))
  const office = ledger.lease.bind(ledger)
  ledger.lease = async request => {
    const answer = await office(request)
    made.clock += 900
    return answer
  }
  await made.reservation(spender, quote(0, 10))
  t.notOk(made.budgets.reserve(spender, quote(0, 10)) instanceof Promise)
  made.clock += 100
  t.ok(made.budgets.reserve(spender, quote(0, 10)) instanceof Promise)
})

t.test('an idle counter gives back what it leased', async t => {
  const ledger = new SmallLedger(1000)
  ledger.lends = () => 500
  const made = purse(ledger, tableOf({}))
  await spend(made, ledger, 10)
  await made.counters.renew(0)
  t.strictSame([ledger.count(money).spent, ledger.count(money).leased], [10, 20])
  await made.counters.renew(0)
  t.strictSame([ledger.count(money).spent, ledger.count(money).leased], [10, 0])
  t.equal(made.counters.dueAt(), Number.POSITIVE_INFINITY)
})

t.test('what calls in flight hold is not given back, and what they leave over is', async t => {
  const ledger = new SmallLedger(1000)
  ledger.lends = () => 500
  const made = purse(ledger, tableOf({}))
  const open = await made.reservation(spender, quote(0, 100))
  await made.counters.renew(0, true)
  t.equal(ledger.count(money).leased, 100)
  ledger.charge(open.settle(used(0, 30)).charges)
  await made.counters.renew(0, true)
  t.strictSame([ledger.count(money).spent, ledger.count(money).leased], [30, 0])
})

t.test('a renewal whose answer was lost gives nothing back twice', async t => {
  const ledger = new SmallLedger(1000)
  ledger.lends = () => 500
  const made = purse(ledger, tableOf({}))
  await spend(made, ledger, 10)
  ledger.away = 'lost'
  await t.rejects(made.counters.renew(0, true), { code: 'controller_away' })
  t.equal(ledger.count(money).leased, 0)
  ledger.away = 'no'
  await spend(made, ledger, 10)
  t.equal(ledger.asked.length, 2)
  await made.counters.renew(0, true)
  t.strictSame([ledger.count(money).spent, ledger.count(money).leased], [20, 0])
})

t.test('a lease whose answer was lost is asked for again and leaves none behind', async t => {
  const ledger = new SmallLedger(1000)
  ledger.lends = () => 500
  const made = purse(ledger, tableOf({}))
  await made.counters.begin()
  ledger.away = 'lost'
  t.equal((await made.shortage(spender, quote(0, 10))).reason, 'budget_unavailable')
  ledger.away = 'no'
  made.clock += 1001
  await made.reservation(spender, quote(0, 10))
  t.strictSame([ledger.leases.size, ledger.count(money).leased], [1, 500])
})

t.test('a lease that is called back is given back with the next renewal', async t => {
  const ledger = new SmallLedger(1000)
  ledger.lends = () => 500
  const made = purse(ledger, tableOf({}))
  await spend(made, ledger, 10)
  for (const lease of ledger.leases.values()) lease.ttlMs = 0
  await made.counters.renew(0)
  t.equal(made.counters.dueAt(), Number.NEGATIVE_INFINITY)
  await made.counters.renew(0)
  t.equal(ledger.count(money).leased, 0)
  t.equal(made.counters.dueAt(), Number.POSITIVE_INFINITY)
})

t.test('the start is told before anything is asked for, once', async t => {
  const ledger = new SmallLedger(1000)
  const made = purse(ledger, tableOf({}))
  ledger.away = 'yes'
  await made.shortage(spender, quote(0, 10))
  t.strictSame(ledger.runs, [])
  ledger.away = 'no'
  made.clock += 1001
  await made.reservation(spender, quote(0, 10))
  await made.counters.begin()
  t.strictSame(ledger.runs, ['run-1'])
})

t.test(
  'an edit of the limit leaves what was spent, and an edit of the scope makes other counters',
  async t => {
    const ledger = new SmallLedger(100)
    const made = purse(ledger, tableOf({}))
    await spend(made, ledger, 90)
    made.table = tableOf({ limit: 200 })
    ledger.count(money).limit = 200
    made.clock += 501
    await spend(made, ledger, 100)
    t.equal(ledger.count(money).spent, 190)
    made.table = tableOf({ limit: 200, per: 'agent' })
    await spend(made, ledger, 100)
    t.equal(ledger.count({ ...money, counter: 'coder' }).spent, 100)
    made.table = tableOf()
    t.strictSame((await made.reservation(spender, quote(0, 10_000))).charges, [])
  },
)

t.test('a call may take what is left of two leases', async t => {
  const ledger = new SmallLedger(100)
  ledger.lends = (left, need) => (left >= need ? Math.max(need, Math.min(left, 50)) : 0)
  const made = purse(ledger, tableOf({}))
  const first = await made.reservation(spender, quote(0, 30))
  const second = await made.reservation(spender, quote(0, 70))
  t.strictSame(
    second.charges.map(({ amount }) => amount),
    [20, 50],
  )
  t.strictSame(
    second.settle(used(0, 45)).charges.map(({ amount }) => amount),
    [20, 25],
  )
  t.equal(first.settle(used(0, 30)).charges.length, 1)
  t.equal((await made.reservation(spender, quote(0, 25))).maxOutputTokens, 25)
})

t.test('after the end nothing is lent', async t => {
  const made = purse(new SmallLedger(1000), tableOf({}))
  made.counters.close()
  t.equal((await made.shortage(spender, quote(0, 10))).reason, 'budget_unavailable')
})

t.test('a counter that is used no more is forgotten', async t => {
  const ledger = new SmallLedger(1_000_000)
  const made = purse(ledger, tableOf({ per: 'session' }))
  for (let i = 0; i < 2000; i++) {
    const reserved = await made.budgets.reserve({ ...spender, session: `s-${i}` }, quote(0, 1))
    if (reserved.ok) reserved.reservation.settle(used(0, 0))
    if (i % 500 === 499) {
      await made.counters.renew(made.clock, true)
      made.clock += 60_001
    }
  }
  await made.counters.renew(made.clock, true)
  t.ok((await made.reservation({ ...spender, session: 'last' }, quote(0, 1))).charges.length > 0)
})

t.test('an agent that names many sessions takes no room of others', async t => {
  const made = purse(new SmallLedger(1_000_000), tableOf({ per: 'session' }))
  for (let i = 0; i < 1024; i++)
    await made.reservation({ ...spender, session: `s-${i}` }, quote(0, 1))
  const more = { ...spender, session: 'one-too-many' }
  t.equal((await made.shortage(more, quote(0, 1))).reason, 'budget_unavailable')
  const other = { ...more, agent: { ...spender.agent, name: 'other' } }
  t.ok((await made.reservation(other, quote(0, 1))).charges.length > 0)
})

t.test('there is an end to how many counters are open', async t => {
  const made = purse(new SmallLedger(1_000_000), tableOf({ per: 'session' }))
  for (let i = 0; i < 16_384; i++) {
    const agent = { ...spender.agent, name: `agent-${i % 20}` }
    await made.reservation({ ...spender, agent, session: `s-${i}` }, quote(0, 1))
  }
  const one = { ...spender, session: 'one-too-many' }
  t.equal((await made.shortage(one, quote(0, 1))).reason, 'budget_unavailable')
})
