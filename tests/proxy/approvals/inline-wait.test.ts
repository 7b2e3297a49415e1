import t from 'tap'
import { askingWorld, factsOf, payments, textOf } from './asking-world.ts'

t.test('a call that needs approval waits, is approved, and returns the real result', async t => {
  const world = await askingWorld(t, payments('patient'))
  const proxy = await world.proxy()
  const client = await proxy.connect()
  const waiting = client.call('pay', { amount: 10 })
  const { id, workflows } = await world.request()
  t.match(workflows, [{ name: 'patient', required: 1, mayDecide: ['ana', 'ben'] }])
  t.equal(world.paid, 0)
  t.equal(await world.answer('ana', 'approve', id, { reason: 'it is due' }), 200)
  const answer = await waiting
  t.equal(textOf(answer), '{"amount":10}')
  t.equal(world.paid, 1)
  const [attempt, outcome] = proxy.journal.entries
  t.match(attempt, {
    phase: 'attempt',
    tool: 'pay',
    action: 'require_approval',
    approval: id,
    approvedBy: [{ user: 'ana', decision: 'approve', reason: 'it is due', surface: 'rest' }],
  })
  t.match(outcome, { phase: 'outcome', status: 'succeeded', approval: id, call: attempt?.call })
  t.equal(proxy.journal.entries.length, 2)
  t.match(await world.request('consumed'), { id })
  t.strictSame(factsOf(answer), {})
})
