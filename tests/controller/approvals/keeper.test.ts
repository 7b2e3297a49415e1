import t, { type Test } from 'tap'
import { keepApprovals } from '../../../controller/approvals/keeping/keep-approvals.ts'
import { keeper } from '../../../controller/approvals/keeping/keeper.ts'
import { embeddedStores } from '../stores.ts'
import { until } from '../world.ts'
import { approvalWorld, payments, people, person } from './approval-world.ts'

function running(t: Test, service: { run(signal: AbortSignal): Promise<void> }): void {
  const stop = new AbortController()
  const ended = service.run(stop.signal)
  t.teardown(async () => {
    stop.abort()
    await ended
  })
}

t.test('time and change are seen to without anybody asking', async t => {
  const stores = await embeddedStores(t)
  const store = await stores.empty()
  const world = await approvalWorld(t, store)
  const { approvals, releases, question, clock } = world
  const state = async (id: string) => {
    const [news] = await approvals.news([id])
    return [news?.state, news?.reason].filter(Boolean).join(' ')
  }
  const before = await approvals.ask(question({ call: 'before' }))
  await world.publish(people, payments().replace('> 5', '> 6'))
  const kept = keepApprovals({
    approvals,
    releases,
    now: () => clock.now,
    onFailure: error => t.fail(String(error)),
  })
  running(t, kept)
  await until(async () => (await state(before.id)) === 'void rule_removed')
  t.pass('what changed while nothing ran')

  const { id } = await approvals.ask(question({ call: 'a' }))
  t.equal(await state(id), 'pending')
  clock.now += 300_000
  await until(async () => (await state(id)) === 'expired')
  t.pass('a clock that moves')

  const unused = await approvals.ask(question({ call: 'b' }))
  await approvals.decide(unused.id, { decision: 'approve' }, person('ana'))
  await world.publish(people.replace('users: [ana, ben]', 'users: [ben]'), payments())
  await until(async () => (await state(unused.id)) === 'void rule_removed')
  const schemaless = await approvals.ask(question({ call: 'c' }))
  await world.publish(people, payments(), '')
  kept.toolsChanged({
    proxy: 'proxy-a',
    version: '0',
    startedAt: new Date(clock.now).toISOString(),
    enforced: {},
    upstreams: [
      {
        namespace: 'default',
        name: 'bank',
        state: 'connected',
        tools: [{ name: 'pay', inputSchema: { type: 'object' } }],
      },
    ],
    journal: { seq: 0, shipped: 0 },
  })
  await until(async () => (await state(schemaless.id)) === 'void schema_changed')
  t.pass('tools that change')
})

t.test('what fails is tried again, and keeps nothing else from being done', async t => {
  const failures: unknown[] = []
  const done: string[] = []
  let tries = 0
  const kept = keeper({
    now: () => 0,
    sweep: async () => {
      done.push('sweep')
      return false
    },
    nextSweep: async () => 0,
    onFailure: error => failures.push(error),
  })
  kept.later('bad', async () => {
    tries += 1
    if (tries < 3) throw new Error('no')
    done.push('bad')
  })
  kept.later('good', async () => {
    done.push('good')
  })
  running(t, kept)
  await until(() => done.includes('bad'))
  t.strictSame(
    done.filter(name => name !== 'sweep'),
    ['good', 'bad'],
  )
  t.equal(failures.length, 2)
  t.ok(done.filter(name => name === 'sweep').length >= 3)
})

t.test('while nothing is due the store is left alone', async t => {
  const clock = { now: 0 }
  let due = 1_000_000
  let looks = 0
  let sweeps = 0
  const kept = keeper({
    now: () => clock.now,
    sweep: async () => {
      sweeps += 1
      due = 2_000_000
      return false
    },
    nextSweep: async () => {
      looks += 1
      return due
    },
    onFailure: error => t.fail(String(error)),
  })
  running(t, kept)
  await until(() => looks === 2)
  for (let i = 0; i < 5; i++) await new Promise(resolve => setTimeout(resolve, 50))
  t.strictSame([looks, sweeps], [2, 0])
  clock.now = 1_000_000
  await until(() => sweeps === 1)
  clock.now = 0
  kept.wake()
  const before = looks
  await until(() => looks > before)
  t.equal(sweeps, 1, 'a clock that moves back brings nothing again')
})
