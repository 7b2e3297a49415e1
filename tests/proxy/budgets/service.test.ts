import t from 'tap'
import type { Budgets } from '../../../proxy/budgets/budgets.ts'
import { closedBudgets, openBudgets } from '../../../proxy/budgets/open-budgets.ts'
import { until } from '../../controller/world.ts'
import { quote, spender, tableOf, used } from './purse.ts'
import { SmallLedger } from './small-ledger.ts'

function started(ledger: SmallLedger) {
  const warnings: string[] = []
  const { budgets, service } = openBudgets({
    tables: { current: () => table },
    office: ledger,
    journal: { proxy: 'p', start: 1, state: () => ({ seq: 41 }) },
    log: { warn: (_fields, message) => warnings.push(message) },
  })
  const stop = new AbortController()
  return { budgets, warnings, stop, running: service.run(stop.signal) }
}

/** Whether a call could be paid for; it has then cost nothing. */
async function pays(budgets: Budgets): Promise<boolean> {
  const reserved = await budgets.reserve(spender, quote(0, 100))
  if (reserved.ok) reserved.reservation.settle(used(0, 0))
  return reserved.ok
}

const table = tableOf({})
const money = { budget: 'money', counter: '', window: '' }

t.test(
  'the start is told until it is heard, and leases are renewed before their time is over',
  async t => {
    const ledger = new SmallLedger(1000)
    ledger.lends = () => 500
    ledger.ttlMs = 600
    ledger.away = 'yes'
    const { budgets, warnings, stop, running } = started(ledger)
    t.teardown(() => stop.abort())
    await until(() => warnings.length > 0)
    ledger.away = 'no'
    await until(() => ledger.runs.length === 1)
    await until(() => pays(budgets))
    await until(async () => (await pays(budgets)) && ledger.renewals.length > 2)
    t.equal(ledger.runs.length, 1)
    t.strictSame(warnings, ['start not told to the controller, budgets cannot be spent'])
    stop.abort()
    await running
  },
)

t.test('at the end calls in flight may finish, and then everything goes back', async t => {
  const ledger = new SmallLedger(1000)
  ledger.lends = () => 500
  const { budgets, stop, running } = started(ledger)
  const reserved = await budgets.reserve(spender, quote(0, 100))
  if (!reserved.ok) throw new Error('not reserved')
  stop.abort()
  await new Promise(setImmediate)
  t.equal(ledger.count(money).leased, 500)
  ledger.charge(reserved.reservation.settle(used(0, 30)).charges)
  await running
  t.strictSame([ledger.count(money).spent, ledger.count(money).leased], [30, 0])
})

t.test('leases that cannot be given back are left to the next start', async t => {
  const ledger = new SmallLedger(1000)
  const { budgets, stop, running, warnings } = started(ledger)
  const reserved = await budgets.reserve(spender, quote(0, 10))
  if (reserved.ok) reserved.reservation.settle(used(0, 10))
  ledger.away = 'yes'
  stop.abort()
  await running
  t.strictSame(warnings, ['leases not given back'])
})

t.test('a renewal that fails is said and tried again', async t => {
  const ledger = new SmallLedger(1000)
  ledger.ttlMs = 300
  const { budgets, stop, running, warnings } = started(ledger)
  await pays(budgets)
  ledger.away = 'yes'
  await until(() => warnings.includes('leases not renewed'))
  ledger.away = 'no'
  await until(() => ledger.renewals.length > 0)
  stop.abort()
  await running
  t.ok(ledger.renewals.length > 0)
})

t.test('a proxy without a controller spends nothing that a budget concerns', async t => {
  const reserved = await closedBudgets({ current: () => table }).reserve(spender, quote(0, 10))
  t.strictSame(reserved.ok || reserved.shortage.reason, 'budget_unavailable')
})
