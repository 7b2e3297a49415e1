import t, { type Test } from 'tap'
import { workQueue } from '../../../controller/kubernetes/reconcile/work-queue.ts'
import { until } from '../world.ts'

/** A queue that runs, and what it did. */
function running(t: Test, work: (key: string) => Promise<void> | void) {
  const done: string[] = []
  const failures: string[] = []
  const stop = new AbortController()
  const queue = workQueue({
    async work(key) {
      done.push(key)
      await work(key)
    },
    onFailure: (error, key) => failures.push(`${key}: ${Object(error).message}`),
    settleMs: 5,
    now: Date.now,
  })
  const ended = queue.run(stop.signal)
  t.teardown(async () => {
    stop.abort()
    await ended
  })
  return { queue, done, failures }
}

t.test(
  'a key that is added many times is worked on once, and again when it changes meanwhile',
  async t => {
    let hold: () => void = () => undefined
    const { queue, done } = running(t, () => new Promise(resolve => (hold = resolve)))
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key)
    t.notOk(queue.isEmpty)
    await until(() => done.length === 1)
    queue.add('a')
    hold()
    await until(() => done.length === 2)
    hold()
    await until(() => done.length === 3)
    hold()
    await until(() => queue.isEmpty)
    t.strictSame(done, ['a', 'b', 'a'])
  },
)

t.test('a key that fails is tried again, and holds up nobody', async t => {
  let left = 3
  const { queue, done, failures } = running(t, key => {
    if (key === 'bad' && left-- > 0) throw new Error('not yet')
  })
  queue.add('bad')
  queue.add('good')
  await until(() => done.filter(key => key === 'bad').length === 4)
  t.equal(done[1], 'good')
  t.strictSame(failures, ['bad: not yet', 'bad: not yet', 'bad: not yet'])
  t.ok(queue.isEmpty)
})
