import t from 'tap'
import { until } from '../../controller/world.ts'
import { budgetOf, payingWorld } from './paying-world.ts'

t.test('a proxy that is killed leaves what was in flight charged, and nothing else', async t => {
  const w = await payingWorld(t, budgetOf('calls', { limit: { calls: 10 }, window: 'total' }))
  const first = await w.child()
  await until(async () => {
    const { result } = await (await first.connect()).call('look')
    return result !== undefined && result.isError !== true
  })
  const client = await first.connect()
  const answered = w.calls
  w.server.onCall = () => undefined
  client.abandon('pay', {})
  await until(() => w.calls === answered + 1)
  await until(async () => ((await w.counters())[0]?.reserved ?? 0) > 0)
  await first.kill()
  await w.child()
  const [before] = await w.counters()
  t.equal(before?.budget, 'calls')
  await until(async () => (await w.counters())[0]?.spent === answered + 1)
  await until(async () => (await w.counters())[0]?.reserved === 0)
})
