import t from 'tap'
import { askingWorld, factsOf, pay, payments, textOf } from './asking-world.ts'

const denying = payments('patient').replace('action: require_approval', 'action: deny')
const allowing = payments('patient').replace('action: require_approval', 'action: allow')
const stricter = payments('both')

t.test('while a call waits', async t => {
  const world = await askingWorld(t, payments('patient'))
  const proxy = await world.proxy()
  const client = await proxy.connect()

  await t.test('its rule may come to deny', async t => {
    const waiting = client.call('pay', { amount: 10 })
    const { id } = await world.request(10)
    await world.enact(denying)
    const answer = await waiting
    t.match(factsOf(answer), { reason: 'approval_void' })
    t.match(textOf(answer), /no longer stands: the rule that asked denies now/)
    await world.request(10, 'void')
    t.not(await world.answer('ana', 'approve', id), 200)
    t.match(factsOf(await client.call('pay', { amount: 10 })), { decision: 'deny', rule: 'ask' })
    t.equal(world.paid, 0)
  })

  await t.test('others may have to be asked', async t => {
    await world.enact(payments('patient'))
    const waiting = client.call('pay', { amount: 11 })
    await world.request(11)
    await world.enact(stricter)
    const answer = await waiting
    t.match(factsOf(answer), { reason: 'approval_void' })
    t.match(textOf(answer), /others have to be asked now/)
  })

  await t.test('all of them must approve, distinct people', async t => {
    const waiting = client.call('pay', { amount: 12 })
    const { id, workflows } = await world.request(12)
    t.match(workflows, [{ name: 'both', required: 2 }])
    t.equal(await world.answer('ana', 'approve', id), 200)
    t.not(await world.answer('ana', 'approve', id), 200)
    t.equal(world.paid, 0)
    t.equal(await world.answer('ben', 'approve', id), 200)
    t.equal(textOf(await waiting), '{"amount":12}')
    t.match(proxy.journal.entries.at(-1)?.approvedBy, [{ user: 'ana' }, { user: 'ben' }])
  })

  await t.test('it may be allowed: the approval is good for it all the same', async t => {
    const waiting = client.call('pay', { amount: 13 })
    const { id } = await world.request(13)
    await world.enact(allowing)
    await world.answer('ana', 'approve', id)
    await world.answer('ben', 'approve', id)
    t.equal(textOf(await waiting), '{"amount":13}')
    await world.request(13, 'consumed')
  })

  await t.test('the tool may come to take other arguments', async t => {
    await world.enact(payments('patient'))
    const before = world.paid
    const waiting = client.call('pay', { amount: 14 })
    const { id } = await world.request(14)
    world.bank.tools = [
      pay({ inputSchema: { type: 'object', properties: { amount: {}, to: {} } } }),
    ]
    await world.answer('ana', 'approve', id)
    const answer = await waiting
    t.match(factsOf(answer), { reason: 'approval_void' })
    t.match(textOf(answer), /the tool or its arguments have changed|takes other arguments now/)
    t.equal(world.paid, before)
    await world.request(14, 'void')
  })

  await t.test('those asked may be joined by others', async t => {
    await world.enact(payments('upwards'))
    const waiting = client.call('pay', { amount: 15 })
    const { id } = await world.request(15)
    t.not(await world.answer('ben', 'approve', id), 200)
    world.clock.ahead += 600_001
    while (!(await world.history(id)).includes('escalated')) {
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    t.equal(await world.answer('ben', 'approve', id), 200)
    t.equal(textOf(await waiting), '{"amount":15}')
  })

  await t.test('the key may be revoked', async t => {
    await world.enact(payments('patient'))
    const before = world.paid
    const waiting = client.call('pay', { amount: 16 })
    const { id } = await world.request(16)
    await world.revoke('bot')
    await world.request(16, 'void')
    t.not(await world.answer('ana', 'approve', id), 200)
    await Promise.race([waiting.catch(() => undefined), new Promise(r => setTimeout(r, 500))])
    t.equal(world.paid, before)
  })
})
