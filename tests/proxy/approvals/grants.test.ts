import t from 'tap'
import { askingWorld, payments, textOf } from './asking-world.ts'

t.test('a standing grant lets calls like it pass, as often and as far as it says', async t => {
  const world = await askingWorld(t, payments('patient'))
  const proxy = await world.proxy()
  const client = await proxy.connect()
  const first = client.call('pay', { amount: 10 })
  const { id } = await world.request(10)
  const grant = {
    uses: 3,
    expires: new Date(Date.now() + 3_600_000).toISOString(),
    args: { amount: 'any' },
    money: { argument: 'amount', maxUsd: '100' },
  }
  t.equal(await world.answer('ana', 'approve', id, { grant }), 200)
  t.equal(textOf(await first), '{"amount":10}')

  t.equal(textOf(await client.call('pay', { amount: 20 })), '{"amount":20}')
  const outcome = proxy.journal.entries.at(-1)
  t.match(outcome, { phase: 'outcome', status: 'succeeded', approval: /^apr-/ })
  t.match(proxy.journal.entries.at(-2), {
    approval: outcome?.approval,
    approvedBy: [{ user: 'ana', surface: 'grant', identity: /^agr-/ }],
  })
  t.not(outcome?.approval, id)

  const dear = client.call('pay', { amount: 71 })
  const over = await world.request(71)
  t.equal(await world.answer('ben', 'decline', over.id), 200)
  t.equal((await dear).result?.isError, true, 'beyond its money')

  t.equal(textOf(await client.call('pay', { amount: 30 })), '{"amount":30}')
  const more = client.call('pay', { amount: 6 })
  const last = await world.request(6)
  t.equal(await world.answer('ben', 'decline', last.id), 200)
  t.equal((await more).result?.isError, true, 'beyond its uses')
  t.equal(world.paid, 3)
})
