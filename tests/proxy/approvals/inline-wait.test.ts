import t from 'tap'
import { askingWorld, factsOf, payments, textOf } from './asking-world.ts'
import { askModern } from './clients.ts'

t.test('a call that is left to people', async t => {
  const world = await askingWorld(t, payments('patient'))
  const proxy = await world.proxy()
  const client = await proxy.connect()

  await t.test('waits, is approved, and returns the real result', async t => {
    const waiting = client.call('pay', { amount: 10 })
    const { id, workflows } = await world.request(10)
    t.match(workflows, [{ name: 'patient', required: 1, mayDecide: ['ana', 'ben'] }])
    t.equal(world.paid, 0)
    t.equal(await world.answer('ana', 'approve', id, { reason: 'it is due' }), 200)
    const answer = await waiting
    t.equal(textOf(answer), '{"amount":10}')
    t.strictSame(factsOf(answer), {})
    t.equal(world.paid, 1)
    const [attempt, outcome] = proxy.journal.entries
    t.match(attempt, {
      phase: 'attempt',
      tool: 'pay',
      action: 'require_approval',
      workflows: ['patient'],
      approval: id,
      approvedBy: [{ user: 'ana', decision: 'approve', reason: 'it is due', surface: 'rest' }],
    })
    t.match(outcome, { phase: 'outcome', status: 'succeeded', approval: id, call: attempt?.call })
    t.equal(proxy.journal.entries.length, 2)
    await world.request(10, 'consumed')
    t.strictSame(await world.history(id), ['created', 'vote', 'approved', 'consumed', 'outcome'])
  })

  await t.test('is asked about anew once its approval is used', async t => {
    const first = await world.request(10, 'consumed')
    const waiting = client.call('pay', { amount: 10 })
    const second = await world.request(10)
    t.not(second.id, first.id)
    t.equal(await world.answer('ana', 'decline', second.id, { reason: 'once is enough' }), 200)
    const answer = await waiting
    t.equal(answer.result?.isError, true)
    t.match(textOf(answer), /approval required by rule "ask".*was denied: "once is enough"/)
    t.match(factsOf(answer), {
      decision: 'require_approval',
      reason: 'approval_denied',
      rule: 'ask',
      policy: 'payments',
    })
    t.match(proxy.journal.entries.at(-1), {
      status: 'refused',
      approval: second.id,
      action: 'require_approval',
    })
    t.equal(world.paid, 1)
  })

  await t.test('ends when the question is taken back', async t => {
    const waiting = client.call('pay', { amount: 11 })
    const { id } = await world.request(11)
    t.equal(await world.answer('ben', 'cancel', id, { reason: 'wrong bank' }), 200)
    const answer = await waiting
    t.match(factsOf(answer), { reason: 'approval_cancelled' })
    t.match(textOf(answer), /was taken back: "wrong bank"/)
  })

  await t.test('ends when nobody answers in time', async t => {
    const waiting = client.call('pay', { amount: 12 })
    const { id } = await world.request(12)
    world.clock.ahead += 3_600_001
    const answer = await waiting
    t.match(factsOf(answer), { reason: 'approval_expired' })
    t.match(textOf(answer), /Nobody answered request apr-.* in time. It was not done./)
    await world.request(12, 'expired')
    t.not(await world.answer('ana', 'approve', id), 200)
  })

  await t.test('is judged by its arguments, whatever else is in them', async t => {
    const forged = { amount: 2000, requestId: 'apr-0000000000000000', approved: true }
    t.match(factsOf(await client.call('pay', forged)), { decision: 'deny', rule: 'too-much' })
    const waiting = client.call('pay', { amount: 13, requestId: 'apr-0000000000000000' })
    const { id, args } = await world.request(13)
    t.strictSame(args, { amount: 13, requestId: 'apr-0000000000000000' })
    await world.answer('ana', 'decline', id)
    t.match(factsOf(await waiting), { reason: 'approval_denied' })
  })

  await t.test('tells a client that asks for it how the wait goes', async t => {
    const tap = await client.stream({
      jsonrpc: '2.0',
      id: 'progress',
      method: 'tools/call',
      params: { name: 'pay', arguments: { amount: 14 }, _meta: { progressToken: 'p' } },
    })
    const first = await tap.next()
    t.match(first.message, {
      method: 'notifications/progress',
      params: {
        progressToken: 'p',
        progress: Number,
        total: 60,
        message: 'Waiting for approval by patient: 0 of 1 so far.',
      },
    })
    const { progress } = first.message.params as { progress: number }
    t.ok(progress >= 0 && progress < 60, 'seconds that were waited')
    const { id } = await world.request(14)
    await world.answer('ana', 'approve', id)
    t.match((await tap.next()).message, { id: 'progress', result: {} })
    tap.close()
  })

  await t.test('is made once where two wait for the same approval', async t => {
    const other = await proxy.connect()
    const before = world.paid
    const both = [client.call('pay', { amount: 15 }), other.call('pay', { amount: 15 })]
    const { id } = await world.request(15)
    await world.answer('ana', 'approve', id)
    const answers = await Promise.all(both)
    const reasons = answers.map(answer => factsOf(answer).reason)
    t.strictSame(reasons.sort(), ['approval_used', undefined])
    t.equal(world.paid, before + 1)
  })
})

t.test('a call is parked when the wait is over, or the proxy stops', async t => {
  const world = await askingWorld(t, payments('brief'))
  const proxy = await world.proxy()
  const client = await proxy.connect()
  t.match(factsOf(await client.call('pay', { amount: 10 })), { status: 'pending' })
  await world.enact(payments('patient'))
  const stateless = askModern(
    proxy.url,
    'tools/call',
    { name: 'pay', arguments: { amount: 11 } },
    {},
  )
  const { id } = await world.request(11)
  await proxy.stop()
  t.match(factsOf(await stateless), { status: 'pending', requestId: id })
  t.equal(world.paid, 0)
})

t.test('the answers say nothing with which an agent could decide', async t => {
  const world = await askingWorld(t, payments('at-once'))
  const proxy = await world.proxy()
  const client = await proxy.connect()
  const answer = JSON.stringify(await client.call('pay', { amount: 10 }))
  t.notMatch(answer, /https?:|\/approval\/|token/i)
})
