import t, { type Test } from 'tap'
import type { Lifter } from '../../../controller/halts/lift-halt.ts'
import { StoredHalts } from '../../../controller/halts/stored-halts.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import { approvalWorld, payments, people, person } from '../approvals/approval-world.ts'
import { everyStore } from '../stores.ts'

const minute = 60_000
const yes = { decision: 'approve' } as const
const no = { decision: 'deny' } as const

/** Whoever lifts alone. */
const ana: Lifter = {
  ...{ user: 'ana', person: 'ana', identity: 'key of ana', needsOther: false },
  mayStill: () => true,
}

async function start(t: Test, store: Store, workflow = 'slow') {
  const world = await approvalWorld(t, store, [people, payments([workflow])])
  const { approvals, clock } = world
  const halts = new StoredHalts({
    db: store.db,
    now: () => clock.now,
    settleClocks: () => approvals.settleClocks(),
  })
  const ask = async (call: string, more = {}) =>
    (await approvals.ask(world.question({ call, workflows: [workflow], ...more }))).id
  const halt = async (more = {}) =>
    (await halts.halt({ what: 'all', reason: 'stop', ...more }, ana))?.id ?? ''
  const lift = (id: string) => halts.lift(id, 'go on', ana)
  const pass = async (minutes: number) => {
    clock.now += minutes * minute
    while (await approvals.sweep());
  }
  const types = async (id: string) => (await approvals.history(id)).map(({ type }) => type)
  return { ...world, halts, ask, halt, lift, pass, types }
}

everyStore(t, async (t, stores) => {
  t.test(
    'while a call is halted its request does not age, and goes on with what was left',
    async t => {
      const { approvals, ask, halt, lift, pass, types, clock } = await start(
        t,
        await stores.empty(),
      )
      const id = await ask('a')
      const asked = clock.now
      await pass(6)
      t.strictSame(await types(id), ['created', 'reminded'])
      const first = await halt()
      const second = await halt({ what: 'tools', namespace: 'default', agent: 'bot' })
      await pass(24 * 60)
      t.strictSame(await types(id), ['created', 'reminded', 'frozen'])
      t.equal(await approvals.nextSweep(), null, 'nothing is due by itself')
      await lift(first)
      await pass(60)
      t.strictSame(await types(id), ['created', 'reminded', 'frozen'], 'the other one stands')
      await lift(second)
      const stood = 25 * 60 * minute
      t.match(await approvals.get(id), {
        state: 'pending',
        requestedAt: new Date(asked).toISOString(),
        expiresAt: new Date(asked + 60 * minute + stood).toISOString(),
      })
      t.equal(await approvals.nextSweep(), asked + stood + 10 * minute)
      await pass(3)
      t.strictSame(await types(id), ['created', 'reminded', 'frozen', 'thawed'])
      await pass(1)
      t.strictSame(await types(id), ['created', 'reminded', 'frozen', 'thawed', 'escalated'])
      await pass(50)
      t.match(await approvals.get(id), { state: 'expired' })
    },
  )

  t.test('an approval that is given meanwhile is used only once it is lifted', async t => {
    const { approvals, question, claim, ask, halt, lift, pass } = await start(
      t,
      await stores.empty(),
    )
    const id = await ask('a')
    const stands = await halt()
    await pass(120)
    t.match(await approvals.decide(id, yes, person('ana')), { outcome: 'counted' })
    const asked = claim(question({ call: 'a', workflows: ['slow'] }))
    t.match(await approvals.claim(id, asked), { granted: false, news: { state: 'approved' } })
    await pass(48 * 60)
    t.match(await approvals.claim(id, asked), { granted: false, news: { state: 'approved' } })
    await lift(stands)
    await pass(24 * 60 - 1)
    t.match(await approvals.claim(id, asked), { granted: true, news: { state: 'consumed' } })
  })

  t.test('an approval that was left unused ends a day later, halts left out', async t => {
    const { approvals, ask, halt, lift, pass } = await start(t, await stores.empty())
    const id = await ask('a')
    await approvals.decide(id, yes, person('ana'))
    await pass(60)
    const stands = await halt()
    await pass(72 * 60)
    await lift(stands)
    await pass(23 * 60 - 1)
    t.match(await approvals.get(id), { state: 'approved' })
    await pass(1)
    t.match(await approvals.get(id), { state: 'void', reason: 'unused' })
  })

  t.test('people may deny and take back what is halted', async t => {
    const { approvals, ask, halt, lift } = await start(t, await stores.empty())
    const [denied, cancelled] = [await ask('a', { digest: 'sha256:a' }), await ask('b')]
    const stands = await halt()
    t.match(await approvals.decide(denied, no, person('ana')), { request: { state: 'denied' } })
    t.match(await approvals.cancel(cancelled, 'no more', person('ana')), {
      request: { state: 'cancelled' },
    })
    await lift(stands)
    t.match(await approvals.get(denied), { state: 'denied' })
  })

  t.test('only what a halt is about stands still', async t => {
    const { approvals, ask, halt, pass, types } = await start(t, await stores.empty())
    const id = await ask('a')
    await halt({ what: 'models' })
    await halt({ namespace: 'other' })
    await halt({ agent: 'other' })
    await pass(60)
    t.match(await approvals.get(id), { state: 'expired' })
    t.notOk((await types(id)).includes('frozen'))
  })

  t.test('what is asked while halted stands still as well', async t => {
    const { approvals, ask, halt, pass, lift, clock } = await start(t, await stores.empty())
    const stands = await halt()
    await pass(5)
    const id = await ask('a')
    await pass(300)
    t.match(await approvals.get(id), { state: 'pending' })
    await lift(stands)
    t.match(await approvals.get(id), { expiresAt: new Date(clock.now + 60 * minute).toISOString() })
  })
})
