import t from 'tap'
import type { WantedOverride } from '../../../controller/overrides/stored-overrides.ts'
import { overrideId, StoredOverrides } from '../../../controller/overrides/stored-overrides.ts'
import { everyStore, type StoreKind } from '../stores.ts'

const noon = Date.parse('2026-11-21T12:00:00Z')
const hour = 3_600_000
const ana = { user: 'ana', identity: 'key laptop of default/ana' }

function wanted(name: string, expiresAt = noon + hour): WantedOverride {
  return {
    ...{ id: overrideId(), text: 'kind: x', namespace: 'default', reason: 'why', expiresAt },
    documents: [{ kind: 'AccessPolicy', namespace: 'default', name }],
  }
}

/** Two controllers on one store, with one clock. */
async function pair(stores: StoreKind) {
  const { db } = await stores.empty()
  const clock = { now: noon }
  const open = () => new StoredOverrides({ db, now: () => clock.now })
  return { clock, one: open(), two: open() }
}

everyStore(t, async (t, stores) => {
  t.test('of many that are applied at once on the same, one is', async t => {
    const { one, two } = await pair(stores)
    const many = Array.from({ length: 20 }, () => wanted('p'))
    const outcomes = await Promise.all(
      many.map((override, i) => (i % 2 ? one : two).apply(override, [], ana)),
    )
    t.equal(outcomes.filter(outcome => typeof outcome !== 'string').length, 1)
    t.strictSame(
      [...new Set(outcomes.filter(outcome => typeof outcome === 'string'))],
      ['overridden_already'],
    )
  })

  t.test('one that was compiled without another that stands by now is not applied', async t => {
    const { one, two } = await pair(stores)
    const first = wanted('p')
    await one.apply(first, [], ana)
    t.equal(await two.apply(wanted('q'), [], ana), 'changed_meanwhile')
    t.match(await two.apply(wanted('q'), [first.id], ana), { state: 'in_force' })
  })

  t.test('only so many stand at once', async t => {
    const { one } = await pair(stores)
    const ids: string[] = []
    for (let i = 0; i < 20; i += 1) {
      const override = wanted(`p${i}`)
      await one.apply(override, ids, ana)
      ids.push(override.id)
    }
    t.equal(one.standing().length, 20)
    t.equal(await one.apply(wanted('more'), ids, ana), 'too_many_overrides')
  })

  t.test('it ends once, be it by somebody or by its time, and each controller knows', async t => {
    const { clock, one, two } = await pair(stores)
    const short = wanted('p')
    const long = wanted('q', noon + 2 * hour)
    await one.apply(short, [], ana)
    clock.now += 1
    await one.apply(long, [short.id], ana)
    await two.look()
    t.strictSame(
      two.standing().map(({ id }) => id),
      [short.id, long.id],
    )
    let told = 0
    two.subscribe(() => {
      told += 1
    })
    clock.now = noon + hour - 1
    t.equal(two.standing().length, 2)
    clock.now += 1
    t.strictSame(
      two.standing().map(({ id }) => id),
      [long.id],
      'before anybody wrote it down',
    )
    t.notOk(await one.end(short.id, ana), 'it has ended')
    await Promise.all([one.expire(), two.expire(), one.expire()])
    t.ok(await two.end(long.id, ana))
    t.notOk(await one.end(long.id, ana))
    await two.look()
    t.equal(told, 2)
    t.strictSame(two.standing(), [])
    const events = (await one.events()).map(({ type, override }) => [type, override])
    t.strictSame(events.reverse(), [
      ['applied', short.id],
      ['applied', long.id],
      ['expired', short.id],
      ['ended', long.id],
    ])
  })
})
