import t from 'tap'
import type { RawClient } from '../mcp/raw-client.ts'
import { reply } from '../mcp/small-server.ts'
import { askingWorld, factsOf, keys, pay, payments, textOf } from './asking-world.ts'

const poll = (client: RawClient, id: unknown) =>
  client.call('get_approval_status', { id: String(id) })

/** Polls until the proxy has heard that the request is pending no more. */
async function settled(client: RawClient, id: string) {
  for (;;) {
    const answer = await poll(client, id)
    if (factsOf(answer).status !== 'pending') return answer
  }
}

const second = pay({
  name: 'pay_typed',
  outputSchema: { type: 'object', properties: { paid: { type: 'number' } } },
})

const typed = `    - name: pay_typed
      rules: [{ name: ask-typed, action: require_approval, approvalWorkflow: at-once }]`

t.test('a call that is not answered in time', async t => {
  const world = await askingWorld(t, payments('at-once', typed), pay(), second)
  const proxy = await world.proxy()
  const client = await proxy.connect()

  await t.test('is answered as pending, which is no error', async t => {
    const answer = await client.call('pay', { amount: 10 })
    const { id, expiresAt } = await world.request(10)
    t.equal(answer.result?.isError, undefined)
    t.match(textOf(answer), `Asked: at-once (request ${id}). Nothing has been done yet.`)
    t.strictSame(factsOf(answer), {
      status: 'pending',
      requestId: id,
      message: textOf(answer),
      pollIntervalSeconds: 15,
      expiresAt,
      workflows: ['at-once'],
    })
    const [attempt, outcome] = proxy.journal.entries
    t.match(attempt, { phase: 'attempt', approval: id, action: 'require_approval' })
    t.match(outcome, { phase: 'outcome', approval: id, status: 'pending' })
    t.strictSame(
      (await client.ask('tools/list')).result?.tools?.map(({ name }) => name),
      ['pay', 'pay_typed', 'get_approval_status', 'request_approval'],
    )
  })

  await t.test('is made by the poll that finds it approved, once', async t => {
    const { id } = await world.request(10)
    t.match(factsOf(await poll(client, id)), {
      status: 'pending',
      requestId: id,
      approvalsReceived: 0,
      approvalsRequired: 1,
      escalated: false,
      remainingSeconds: Number,
      pollIntervalSeconds: 15,
    })
    await world.answer('ana', 'approve', id)
    t.equal(world.paid, 0, 'nothing is done while nobody asks')
    const answers = await Promise.all([
      settled(client, id),
      settled(client, id),
      settled(client, id),
    ])
    const results = answers.map(
      answer => factsOf(answer).status ?? factsOf(answer).reason ?? textOf(answer),
    )
    t.ok(results.includes('{"amount":10}'))
    t.equal(world.paid, 1)
    t.equal(textOf(await poll(client, id)), '{"amount":10}', 'the answer is kept')
    t.equal(world.paid, 1)
    const released = proxy.journal.entries.filter(({ status }) => status === 'succeeded')
    t.match(released, [{ approval: id, approvedBy: [{ user: 'ana' }], tool: 'pay' }])
    t.equal(released.length, 1)
  })

  await t.test('is made by the same call once it is approved', async t => {
    t.match(factsOf(await client.call('pay', { amount: 11 })), { status: 'pending' })
    const { id } = await world.request(11)
    t.match(factsOf(await client.call('pay', { amount: 11 })), { status: 'pending', requestId: id })
    await world.answer('ben', 'approve', id)
    const again = await proxy.connect()
    t.equal(textOf(await again.call('pay', { amount: 11 })), '{"amount":11}')
    t.match(factsOf(await again.call('pay', { amount: 11 })), { status: 'pending' })
    t.not((await world.request(11)).id, id, 'what was delivered is over: this is a new question')
  })

  await t.test('says to whoever polls that it was denied', async t => {
    await client.call('pay', { amount: 12 })
    const { id } = await world.request(12)
    await world.answer('ben', 'decline', id, { reason: 'see https://wiki/payments' })
    const answer = await settled(client, id)
    t.match(factsOf(answer), { status: 'denied', requestId: id })
    t.match(textOf(answer), /was denied: "see https:\/\/wiki\/payments"/)
  })

  await t.test("is nobody else's", async t => {
    await client.call('pay', { amount: 13 })
    const { id } = await world.request(13)
    const stranger = await proxy.connect(keys.other)
    const unknown = await poll(stranger, 'apr-0000000000000000')
    const forged = await poll(stranger, id)
    t.match(factsOf(forged), { decision: 'deny', reason: 'unknown_request' })
    t.equal(textOf(forged), textOf(unknown))
    await world.answer('ana', 'approve', id)
    t.match(factsOf(await poll(stranger, id)), { reason: 'unknown_request' })
    t.match(factsOf(await poll(stranger, '../../claim')), { reason: 'unknown_request' })
    t.equal(textOf(await settled(client, id)), '{"amount":13}')
    t.match(
      proxy.journal.entries.find(({ reason }) => reason === 'unknown_request'),
      {
        agent: 'other',
        server: 'builtin',
        tool: 'get_approval_status',
        action: 'deny',
      },
    )
  })

  await t.test('is told apart from the results of a tool with an output schema', async t => {
    const listed = await client.ask('tools/list')
    const [, shown] = listed.result?.tools ?? []
    t.equal(Object.hasOwn(Object(shown), 'outputSchema'), false)
    const { result } = await client.call('pay_typed', { amount: 14 })
    t.equal(result?.structuredContent, undefined)
    t.match(result?._meta, { 'writ.dev/approval': { status: 'pending' } })
  })

  await t.test('is not lost with a client that gives up', async t => {
    const { bank } = world
    const before = world.paid
    let finish = () => {}
    bank.onCall = ({ params, id }, response) => {
      finish = () =>
        reply(response, id, { content: [{ type: 'text', text: JSON.stringify(params.arguments) }] })
      return undefined
    }
    await client.call('pay', { amount: 15 })
    const { id } = await world.request(15)
    await world.answer('ana', 'approve', id)
    const impatient = await proxy.connect()
    const gone = impatient.abandon('pay', { amount: 15 })
    while (world.paid === before) await new Promise(resolve => setTimeout(resolve, 10))
    gone()
    t.match(factsOf(await poll(client, id)), { status: 'executing' })
    const collecting = client.call('pay', { amount: 15 })
    await new Promise(resolve => setTimeout(resolve, 100))
    finish()
    t.equal(textOf(await collecting), '{"amount":15}')
    t.equal(textOf(await poll(client, id)), '{"amount":15}')
    t.equal(world.paid, before + 1)
    t.match(proxy.journal.entries.at(-1), {
      phase: 'outcome',
      approval: id,
      status: 'collected',
    })
    t.match(factsOf(await client.call('pay', { amount: 15 })), { status: 'pending' })
    t.not((await world.request(15)).id, id)
  })
})

t.test('an approval is used once, whichever proxy is asked', async t => {
  const world = await askingWorld(t, payments('at-once'))
  const [one, two] = [await world.proxy('one'), await world.proxy('two')]
  const [here, there] = [await one.connect(), await two.connect()]
  await here.call('pay', { amount: 10 })
  const { id } = await world.request(10)
  t.match(factsOf(await there.call('pay', { amount: 10 })), { status: 'pending', requestId: id })

  await t.test('and polled anywhere by whoever asked', async t => {
    t.match(factsOf(await poll(there, id)), { status: 'pending', requestId: id })
    const stranger = await two.connect(keys.other)
    t.match(factsOf(await poll(stranger, id)), { reason: 'unknown_request' })
  })

  await t.test('by one of two that claim it at once', async t => {
    await world.answer('ana', 'approve', id)
    const answers = await Promise.all([
      here.call('pay', { amount: 10 }),
      there.call('pay', { amount: 10 }),
    ])
    t.equal(world.paid, 1)
    const texts = answers.map(textOf)
    t.equal(texts.filter(text => text === '{"amount":10}').length, 1)
  })

  await t.test('and after the proxy that parked the call is started anew', async t => {
    await here.call('pay', { amount: 11 })
    const { id } = await world.request(11)
    await one.stop()
    const again = await world.proxy('one')
    const client = await again.connect()
    await world.answer('ana', 'approve', id)
    const answer = await settled(client, id)
    t.match(factsOf(answer), { status: 'approved', requestId: id })
    t.match(textOf(answer), /Make the call now, with exactly those arguments/)
    t.equal(textOf(await client.call('pay', { amount: 11 })), '{"amount":11}')
    t.equal(world.paid, 2)
    t.match(factsOf(await poll(client, id)), {}, 'what it answered is kept')
  })
})
