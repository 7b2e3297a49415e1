import t from 'tap'
import { until } from '../../controller/world.ts'
import { factsOf, textOf } from '../approvals/asking-world.ts'
import { budgetOf, payingWorld } from './paying-world.ts'

const twoCalls = budgetOf('two-calls', {
  scope: { tools: ['pay'] },
  limit: { calls: 2 },
  window: 'total',
})

t.test('a budget of calls pays for so many calls and no more', async t => {
  const w = await payingWorld(t, twoCalls)
  const client = await (await w.proxy()).connect()
  t.notOk((await client.call('pay')).result?.isError)
  t.notOk((await client.call('pay')).result?.isError)
  const refused = await client.call('pay')
  t.ok(refused.result?.isError)
  t.equal(
    textOf(refused),
    'Writ refused the call of "pay": the budget "two-calls" does not pay for it: limit 2 calls, spent 2 calls, reserved for calls in flight 0 calls. This call needs 1 call. It does not start again. Do not repeat the call: do with less, or ask whoever owns the budget.',
  )
  const { requestId: _, ...facts } = factsOf(refused)
  t.strictSame(facts, {
    decision: 'deny',
    reason: 'budget_exceeded',
    budget: {
      name: 'two-calls',
      per: 'namespace',
      counter: '',
      unit: 'calls',
      window: 'total',
      needed: 1,
      limit: 2,
      spent: 2,
      reserved: 0,
    },
  })
  t.notOk((await client.call('look')).result?.isError)
  t.equal(w.calls, 3)
})

t.test('two proxies share one budget', async t => {
  const w = await payingWorld(t, budgetOf('ten', { limit: { calls: 10 }, window: 'day' }))
  const clients = await Promise.all(
    [w.proxy('one'), w.proxy('two')].map(async p => (await p).connect()),
  )
  const all = await Promise.all(
    Array.from({ length: 30 }, (_, i) => (clients[i % 2] ?? clients[0])?.call('look')),
  )
  t.equal(all.filter(said => said?.result?.isError !== true).length, w.calls)
  t.equal(w.calls, 10)
  await until(async () => (await w.counters())[0]?.spent === 10)
})

t.test('a tool costs what its price says', async t => {
  const w = await payingWorld(
    t,
    budgetOf('money', {
      limit: { usd: '0.10' },
      window: 'total',
      toolPrices: [{ tool: 'pay', usd: '0.04' }],
    }),
  )
  const proxy = await w.proxy()
  const client = await proxy.connect()
  const answers = [await client.call('pay'), await client.call('pay'), await client.call('pay')]
  t.strictSame(
    answers.map(({ result }) => result?.isError === true),
    [false, false, true],
  )
  await until(async () => (await w.counters())[0]?.spent === 80_000)
  await proxy.stop()
  t.strictSame(await w.counters(), [
    { budget: 'money', counter: '', limit: 100_000, spent: 80_000, reserved: 0 },
  ])
})

t.test('an edit of the limit resets nothing', async t => {
  const w = await payingWorld(t, twoCalls)
  const client = await (await w.proxy()).connect()
  await client.call('pay')
  await client.call('pay')
  await w.enact(twoCalls.replace('"calls":2', '"calls":3'))
  t.notOk((await client.call('pay')).result?.isError)
  t.ok((await client.call('pay')).result?.isError)
  await w.enact()
  t.notOk((await client.call('pay')).result?.isError)
})

t.test('without the controller what is leased is spent and then calls are refused', async t => {
  const w = await payingWorld(t, budgetOf('some', { limit: { calls: 1000 }, window: 'total' }))
  const client = await (await w.proxy()).connect()
  await client.call('pay')
  const startController = await w.stopController()
  let refused = await client.call('pay')
  for (let i = 0; i < 1000 && refused.result?.isError !== true; i++)
    refused = await client.call('pay')
  t.equal(factsOf(refused).reason, 'budget_unavailable')
  t.match(textOf(refused), /cannot be asked. Nothing was sent; try again later\.$/)
  await startController()
  await until(async () => (await client.call('pay')).result?.isError !== true)
  t.ok(w.calls <= 1000)
})

const extensible = (workflow: string) =>
  budgetOf('two-calls', {
    limit: { calls: 2 },
    window: 'total',
    onExceeded: 'require_approval',
    approvalWorkflow: workflow,
    extension: { calls: 1 },
  })

t.test('people may extend a budget while the call waits', async t => {
  const w = await payingWorld(t, extensible('patient'))
  const client = await (await w.proxy()).connect()
  await client.call('pay')
  await client.call('pay')
  const waiting = [client.call('pay'), client.call('pay')]
  await until(async () => (await w.requests()).length > 0)
  const [request] = await w.requests()
  t.equal(await w.answer('approve', request?.id ?? ''), 200)
  const answers = await Promise.all(waiting)
  t.strictSame(answers.map(({ result }) => result?.isError === true).sort(), [false, true])
  t.equal(w.calls, 3)
  t.equal((await w.requests()).length, 1)
  const declined = client.call('pay')
  await until(async () => (await w.requests()).some(({ state }) => state === 'pending'))
  const next = (await w.requests()).find(({ state }) => state === 'pending')
  t.equal(await w.answer('decline', next?.id ?? ''), 200)
  t.match(textOf(await declined), /People were asked to extend it by 1 call and said no/)
})

t.test('nobody waits where people are only told', async t => {
  const w = await payingWorld(t, extensible('at-once'))
  const client = await (await w.proxy()).connect()
  await client.call('pay')
  await client.call('pay')
  const refused = await client.call('pay')
  t.match(textOf(refused), /at-once can extend it by 1 call and were asked \(request apr-/)
  const [request] = await w.requests()
  await w.answer('approve', request?.id ?? '')
  t.notOk((await client.call('pay')).result?.isError)
  t.equal(w.calls, 3)
})
