import t from 'tap'
import { reply } from '../mcp/small-server.ts'
import { askingWorld, factsOf, keys, payments, textOf } from './asking-world.ts'
import { askModern, modernClient } from './clients.ts'

t.test('stateless clients whose call is left to people', async t => {
  const world = await askingWorld(t, payments('patient'))
  const proxy = await world.proxy()
  const call = (params: object) =>
    askModern(proxy.url, 'tools/call', { name: 'pay', ...params }, {})

  await t.test('wait, and get the real result', async t => {
    const client = await modernClient(t, proxy.url)
    const waiting = client.callTool({ name: 'pay', arguments: { amount: 10 } })
    const { id } = await world.request(10)
    await world.answer('ana', 'approve', id)
    t.match(await waiting, { content: [{ text: '{"amount":10}' }] })
    t.equal(world.paid, 1)
  })

  await t.test('may go while they wait: nothing is done until they are back', async t => {
    const client = await modernClient(t, proxy.url)
    const giveUp = new AbortController()
    const waiting = client.callTool(
      { name: 'pay', arguments: { amount: 11 } },
      { signal: giveUp.signal },
    )
    const { id } = await world.request(11)
    giveUp.abort()
    await t.rejects(waiting)
    await new Promise<void>(resolve => {
      const look = setInterval(() => {
        if (proxy.journal.entries.at(-1)?.status !== 'pending') return
        clearInterval(look)
        resolve()
      }, 10)
    })
    await world.answer('ana', 'approve', id)
    await world.request(11, 'approved')
    t.equal(world.paid, 1)
    t.match(await client.callTool({ name: 'pay', arguments: { amount: 11 } }), {
      content: [{ text: '{"amount":11}' }],
    })
    t.equal(world.paid, 2)
  })

  await t.test('answer the questions of the server under the same approval, once each', async t => {
    const { onCall } = world.bank
    const asking = { resultType: 'input_required', inputRequests: {}, requestState: 'round-1' }
    world.bank.onCall = ({ params, id }, response) => {
      reply(
        response,
        id,
        params.requestState === undefined ? asking : { content: [], asked: params.inputResponses },
      )
      return undefined
    }
    const waiting = call({
      arguments: { amount: 12 },
      inputResponses: { early: 1 },
      requestState: 'forged',
    })
    const { id } = await world.request(12)
    await world.answer('ana', 'approve', id)
    t.match(await waiting, { result: asking })
    t.strictSame(
      world.bank.heard.at(-1)?.params.inputResponses,
      undefined,
      'people were not shown those',
    )
    const next = {
      arguments: { amount: 12 },
      inputResponses: { name: 'Ana' },
      requestState: 'round-1',
    }
    t.match(await call(next), { result: { asked: { name: 'Ana' } } })
    t.match(proxy.journal.entries.at(-1), { approval: id, status: 'succeeded' })
    const before = world.paid
    const replayed = call(next)
    const { id: second } = await world.request(12)
    t.not(second, id)
    await world.answer('ana', 'decline', second)
    t.match(factsOf(await replayed), { reason: 'approval_denied' })
    t.equal(world.paid, before)
    world.bank.onCall = onCall
  })

  await t.test('answer them to the poll that made the call as well', async t => {
    await world.enact(payments('at-once'))
    const { onCall } = world.bank
    const asking = { resultType: 'input_required', inputRequests: {}, requestState: 'polled' }
    world.bank.onCall = ({ params }) =>
      params.requestState === undefined ? asking : { content: [], asked: params.inputResponses }
    await call({ arguments: { amount: 14 } })
    const { id } = await world.request(14)
    await world.answer('ana', 'approve', id)
    const poll = (more: object = {}) =>
      askModern(
        proxy.url,
        'tools/call',
        { name: 'get_approval_status', arguments: { id }, ...more },
        {},
      )
    let answer = await poll()
    while (factsOf(answer).status === 'pending') answer = await poll()
    t.match(answer, { result: asking })
    const answers = { inputResponses: { name: 'Ana' }, requestState: 'polled' }
    t.match(await poll(answers), { result: { asked: { name: 'Ana' } } })
    world.bank.onCall = onCall
  })

  await t.test(
    'share what they asked with clients that have a session, of the same key',
    async t => {
      t.match(factsOf(await call({ arguments: { amount: 13 } })), { status: 'pending' })
      const { id } = await world.request(13)
      await world.answer('ana', 'approve', id)
      await world.request(13, 'approved')
      const other = await proxy.connect(keys.other)
      t.match(factsOf(await other.call('pay', { amount: 13 })), { status: 'pending' })
      const client = await proxy.connect()
      t.equal(textOf(await client.call('pay', { amount: 13 })), '{"amount":13}')
    },
  )
})
