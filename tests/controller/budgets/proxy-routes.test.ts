import t from 'tap'
import { tokens, until, world } from '../world.ts'
import { agents, budget } from './budget-world.ts'

t.test('proxies ask for leases, renew them and say that they started', async t => {
  const here = await world(t)
  here.write('agents.yaml', agents)
  here.write('money.yaml', budget('money', '{ limit: { usd: "0.001" }, window: total }'))
  const { url } = await here.startController()
  const post = async (path: string, body: object, token = tokens.proxy) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    const answer = await fetch(new URL(`/api/v1/budgets/${path}`, url), init)
    return { status: answer.status, body: answer.status === 204 ? null : await answer.json() }
  }
  let table = ''
  await until(async () => {
    const answer = await here.get(url, '/api/v1/tables')
    const { inForce } = Object(await answer.json())
    table = Array.from(inForce).map(release => Object(release))[0]?.digest ?? ''
    return table !== ''
  })
  const asker = { proxy: 'proxy-a', run: 'run 1' }
  const counter = { namespace: 'default', budget: 'money', counter: '', window: '' }
  const request = { ...counter, ...asker, lease: 'lease 1', table, need: 100 }

  t.strictSame(await post('runs', { ...asker, firstSeq: 1, start: 1 }), { status: 204, body: null })
  t.strictSame(await post('leases', request), {
    status: 200,
    body: {
      lease: { id: 'lease 1', fence: 1, amount: 500, ttlMs: 5000 },
      state: { limit: 1000, extended: 0, spent: 0, reserved: 500 },
    },
  })
  const leases = [{ id: 'lease 1', fence: 1, used: 0, held: 0, keep: 0 }]
  t.strictSame(await post('leases/renewals', { ...asker, leases }), {
    status: 200,
    body: {
      leases: [
        { id: 'lease 1', ttlMs: 0, state: { limit: 1000, extended: 0, spent: 0, reserved: 0 } },
      ],
    },
  })
  t.match(await post('leases', { ...request, lease: 'lease 2', budget: 'other' }), {
    status: 409,
    body: { code: 'budget_outdated' },
  })
  t.match(await post('leases', { ...request, need: -1 }), { status: 400 })
  t.match(await post('leases', { ...request, window: 'today' }), { status: 400 })
  for (const path of ['runs', 'leases', 'leases/renewals']) {
    t.match(await post(path, {}, tokens.admin), { status: 403 }, 'people lend nothing')
    t.match(await post(path, {}, 'a guess'), { status: 401 })
  }
})
