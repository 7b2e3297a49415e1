import t from 'tap'
import { askingWorld, factsOf, payments, textOf } from './asking-world.ts'

t.test('without its controller a proxy', async t => {
  const world = await askingWorld(t, payments('patient'))
  const proxy = await world.proxy()
  const client = await proxy.connect()

  await t.test('goes on waiting, and hears the answer when the controller is back', async t => {
    const waiting = client.call('pay', { amount: 10 })
    const { id } = await world.request(10)
    const start = await world.stopController()
    t.equal(
      textOf(await client.call('pay', { amount: 1 })),
      '{"amount":1}',
      'what is allowed goes on',
    )
    await start()
    await world.answer('ana', 'approve', id)
    t.equal(textOf(await waiting), '{"amount":10}')
  })

  await t.test('refuses what needs approval and sends nothing', async t => {
    const before = world.paid
    const start = await world.stopController()
    const answer = await client.call('pay', { amount: 11 })
    t.match(factsOf(answer), {
      decision: 'require_approval',
      reason: 'approval_unavailable',
      rule: 'ask',
    })
    t.match(
      textOf(answer),
      /People cannot be asked at the moment: the controller cannot be reached./,
    )
    t.match(proxy.journal.entries.at(-1), { status: 'refused', tool: 'pay' })
    t.equal(world.paid, before)
    await start()
  })

  await t.test('sends nothing when its claim does not arrive, and the approval stands', async t => {
    const before = world.paid
    world.claims = 'are lost'
    const waiting = client.call('pay', { amount: 12 })
    const { id } = await world.request(12)
    await world.answer('ana', 'approve', id)
    t.match(factsOf(await waiting), { reason: 'approval_unavailable' })
    t.equal(world.paid, before)
    t.match(proxy.journal.entries.slice(-2), [
      { phase: 'attempt', approval: id, approvedBy: [{ user: 'ana' }] },
      { phase: 'outcome', approval: id, status: 'refused' },
    ])
    world.claims = 'arrive'
    t.equal(textOf(await client.call('pay', { amount: 12 })), '{"amount":12}')
    t.equal(world.paid, before + 1)
  })

  await t.test('asks again when the answer to its claim is lost', async t => {
    const before = world.paid
    world.claims = 'are granted in vain once'
    const waiting = client.call('pay', { amount: 14 })
    const { id } = await world.request(14)
    await world.answer('ana', 'approve', id)
    t.equal(textOf(await waiting), '{"amount":14}')
    t.equal(world.paid, before + 1)
  })

  await t.test('sends nothing when no answer to its claim arrives', async t => {
    const before = world.paid
    world.claims = 'are granted in vain'
    const waiting = client.call('pay', { amount: 13 })
    const { id } = await world.request(13)
    await world.answer('ana', 'approve', id)
    t.match(factsOf(await waiting), { reason: 'approval_unavailable' })
    world.claims = 'arrive'
    t.equal(world.paid, before)
    const again = client.call('pay', { amount: 13 })
    const { id: second } = await world.request(13)
    t.not(second, id, 'the approval is spent, so people are asked again')
    await world.answer('ana', 'decline', second)
    await again
  })
})

t.test('a proxy that cannot record does not use the approval', async t => {
  const world = await askingWorld(t, payments('patient'))
  const proxy = await world.proxy()
  const client = await proxy.connect()
  const waiting = client.call('pay', { amount: 10 })
  const { id } = await world.request(10)
  proxy.journal.broken = () => true
  await world.answer('ana', 'approve', id)
  t.match(factsOf(await waiting), { reason: 'no_record' })
  t.equal(world.paid, 0)
  t.match(await world.request(10, 'approved'), { id })
  proxy.journal.broken = () => false
  t.equal(textOf(await client.call('pay', { amount: 10 })), '{"amount":10}')
})
