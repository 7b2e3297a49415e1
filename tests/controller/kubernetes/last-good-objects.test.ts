import t, { type Test } from 'tap'
import { LastGoodObjects } from '../../../controller/kubernetes/last-good-objects.ts'
import { fenceOf } from '../../../controller/store/fence.ts'
import { everyStore, type StoreKind } from '../stores.ts'

const object = (name: string, generation: number, uid = 'u1') => ({
  namespace: 'team-a',
  plural: 'accesspolicies',
  name,
  uid,
  generation,
  text: `${name} ${generation}`,
})

const first = { term: 1, holder: 'one' }
const second = { term: 2, holder: 'two' }

async function suite(t: Test, stores: StoreKind): Promise<void> {
  const objects = async () =>
    new LastGoodObjects({ db: (await stores.empty()).db, now: () => Date.now() })
  const kept = async (from: LastGoodObjects) =>
    (await from.read()).map(({ namespace, name, uid, generation, text }) =>
      [namespace, name, uid, generation, text].join(' '),
    )

  t.test('the newest good version of each object is kept, until it is gone', async t => {
    const good = await objects()
    await good.keep([object('guard', 1), object('other', 1)], [], first)
    await good.keep([object('guard', 3)], [], first)
    await good.keep([object('guard', 2)], [], first)
    t.strictSame(await kept(good), ['team-a guard u1 3 guard 3', 'team-a other u1 1 other 1'])
    await good.keep([object('guard', 1, 'u2')], [object('other', 1)], first)
    t.strictSame(await kept(good), ['team-a guard u2 1 guard 1'], 'made anew is another object')
    t.strictSame(await good.read('team-b'), [])
    const [row] = await good.read('team-a')
    t.match(row?.digest, /^sha256:[0-9a-f]{64}$/)
  })

  t.test('many are kept at once', async t => {
    const good = await objects()
    const many = Array.from({ length: 2500 }, (_, i) => object(`p${i}`, 1))
    await good.keep(many, [], first)
    t.equal((await good.read()).length, 2500)
    await good.keep([], many, first)
    t.strictSame(await good.read(), [])
  })

  t.test('who is no longer the leader changes nothing', async t => {
    const { db } = await stores.empty()
    const good = new LastGoodObjects({ db, now: () => Date.now() })
    await good.keep([object('guard', 1)], [], first)
    await good.keep([object('guard', 2)], [], second)
    await t.rejects(good.keep([object('guard', 9)], [], first), { code: 'fenced' })
    await t.rejects(good.keep([], [object('guard', 2)], first), { code: 'fenced' })
    await t.rejects(good.keep([object('guard', 9)], [], { term: 2, holder: 'three' }), {
      code: 'fenced',
    })
    t.strictSame(await kept(good), ['team-a guard u1 2 guard 2'])
  })
}

everyStore(t, suite)

t.test('terms grow with every holder, and with every Lease', async t => {
  const lease = { holderIdentity: 'one', creationTimestamp: new Date('2026-11-21T12:00:00Z') }
  const terms = [
    { ...lease, leaseTransitions: 0 },
    { ...lease, leaseTransitions: 1 },
    { ...lease, leaseTransitions: 99 },
    { ...lease, leaseTransitions: 0, creationTimestamp: new Date('2026-11-21T12:00:01Z') },
  ].map(lease => fenceOf(lease).term)
  t.strictSame(
    terms,
    [...new Set(terms)].sort((a, b) => a - b),
  )
  t.ok(terms.every(Number.isSafeInteger))
})
