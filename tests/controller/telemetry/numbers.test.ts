import t from 'tap'
import { askingWorld, payments } from '../../proxy/approvals/asking-world.ts'
import { budgetOf, payingWorld } from '../../proxy/budgets/paying-world.ts'
import { tokens, until } from '../world.ts'

/** The series of a metric, with their labels as they are written. */
async function series(controller: URL, name: string): Promise<Record<string, number>> {
  const headers = { authorization: `Bearer ${tokens.admin}` }
  const text = await (await fetch(new URL('/metrics', controller), { headers })).text()
  const found = text.matchAll(/^(\w+)(\{.*\})? (\S+)$/gm)
  return Object.fromEntries(
    [...found].flatMap(([, metric, labels = '', value]) =>
      metric === name ? [[labels, Number(value)]] : [],
    ),
  )
}

t.test('what waits for people is counted, and how long they took', async t => {
  const w = await askingWorld(t, payments('at-once'))
  const client = await (await w.proxy()).connect()
  t.strictSame(await series(w.url, 'writ_approvals_pending'), {})
  await client.call('pay', { amount: 7 })
  await client.call('pay', { amount: 8 })
  w.clock.ahead += 11_000
  t.strictSame(await series(w.url, 'writ_approvals_pending'), { '{namespace="default"}': 2 })
  const { '{namespace="default"}': oldest = 0 } = await series(
    w.url,
    'writ_approval_oldest_seconds',
  )
  t.ok(Math.abs(oldest - Date.now() / 1000) < 300, `${oldest}`)
  t.strictSame(await series(w.url, 'writ_approval_wait_seconds'), {})
  await w.answer('ana', 'approve', (await w.request(7)).id)
  w.clock.ahead += 11_000
  t.strictSame(await series(w.url, 'writ_approvals_pending'), { '{namespace="default"}': 1 })
  const waits = await series(w.url, 'writ_approval_wait_seconds')
  t.strictSame(Object.keys(waits), ['{quantile="0.5"}', '{quantile="0.95"}'])
  t.ok(
    Object.values(waits).every(wait => wait >= 11 && wait < 300),
    JSON.stringify(waits),
  )
})

t.test('the share of a budget that is gone is told', async t => {
  const w = await payingWorld(t, budgetOf('four', { limit: { calls: 4 }, window: 'total' }))
  const client = await (await w.proxy()).connect()
  await client.call('pay')
  await until(async () => (await w.counters())[0]?.spent === 1)
  const { '{namespace="default",budget="four"}': used = 0 } = await series(
    w.url,
    'writ_budget_used_ratio',
  )
  t.ok(used >= 0.25 && used <= 1, `${used}`)
})
