import t from 'tap'
import type { Lifter } from '../../../controller/halts/lift-halt.ts'
import { StoredHalts } from '../../../controller/halts/stored-halts.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import { everyStore } from '../stores.ts'

const noon = Date.parse('2026-11-21T12:00:00.000Z')
const owners = new Set(['ana', 'ben', 'cleo'])

const by = (person: string, more: Partial<Lifter> = {}): Lifter => ({
  ...{ user: person, person, identity: `key of ${person}`, needsOther: true },
  mayStill: name => owners.has(name),
  ...more,
})

function open({ db }: Store, clock = { at: noon }) {
  const settled: number[] = []
  const halts = new StoredHalts({
    db,
    now: () => clock.at,
    settleClocks: async () => void settled.push(clock.at),
  })
  return { halts, clock, settled }
}

const everything = { what: 'all', reason: 'incident 4711' } as const

everyStore(t, async (t, stores) => {
  t.test('a halt stands until a second person confirms that it is lifted', async t => {
    const { halts, clock, settled } = open(await stores.empty())
    const told: string[] = []
    halts.onChange(({ state, by }) => told.push(`${state} ${by}`))
    const made = await halts.halt({ ...everything, namespace: 'default', agent: 'bot' }, by('ana'))
    const id = made?.id ?? ''
    const since = '2026-11-21T12:00:00.000Z'
    t.strictSame(halts.standing(), {
      sequence: noon / 1000,
      halts: [{ id, ...everything, namespace: 'default', agent: 'bot', by: 'ana', since }],
    })
    clock.at += 60_000
    t.match(await halts.lift(id, 'over', by('ana')), { outcome: 'asked' })
    t.equal(halts.standing().halts.length, 1)
    for (const same of [
      by('ana'),
      by('ben', { identity: 'key of ana' }),
      by('x', { user: 'ana' }),
    ]) {
      t.strictSame(await halts.lift(id, 'over', same), { outcome: 'refused', why: 'asked_by_you' })
    }
    t.match(await halts.lift(id, 'I agree', by('ben')), { outcome: 'lifted' })
    t.strictSame(halts.standing(), { sequence: noon / 1000 + 60, halts: [] })
    t.strictSame(await halts.lift(id, 'x', by('cleo')), {
      outcome: 'refused',
      why: 'lifted_already',
    })
    t.strictSame(await halts.lift('hlt-0', 'x', by('cleo')), {
      outcome: 'refused',
      why: 'unknown_halt',
    })
    t.strictSame(await halts.get(id), {
      ...{ id, state: 'lifted', ...everything, namespace: 'default', agent: 'bot' },
      ...{ by: 'ana', identity: 'key of ana', at: since },
      liftAsked: {
        by: 'ana',
        identity: 'key of ana',
        reason: 'over',
        at: '2026-11-21T12:01:00.000Z',
      },
      lifted: {
        ...{ by: 'ben', identity: 'key of ben', reason: 'I agree', at: '2026-11-21T12:01:00.000Z' },
        reviewed: true,
      },
    })
    t.strictSame(
      (await halts.events()).map(({ type, halt, by }) => [type, halt, by]),
      [
        ['lifted', id, 'ben'],
        ['lift_asked', id, 'ana'],
        ['halted', id, 'ana'],
      ],
    )
    t.strictSame(told, ['standing ana', 'lift_asked ana', 'lifted ana'])
    t.equal(settled.length, 3, 'clocks are looked after each time')
  })

  t.test(
    'where nobody else could confirm, it is lifted at once and said to be unreviewed',
    async t => {
      const { halts } = open(await stores.empty())
      const admin = by('', { identity: 'admin token', needsOther: false })
      const id = (await halts.halt(everything, admin))?.id ?? ''
      t.match(await halts.lift(id, 'over', admin), {
        outcome: 'lifted',
        halt: { by: 'admin token', lifted: { by: 'admin token', reviewed: false } },
      })
      t.match(await halts.events(), [{ type: 'lifted', detail: 'unreviewed: over' }])
    },
  )

  t.test('a question of who is no owner any more counts for nothing', async t => {
    const { halts } = open(await stores.empty())
    const id = (await halts.halt(everything, by('ana')))?.id ?? ''
    await halts.lift(id, 'over', by('ana'))
    const ben = by('ben', { mayStill: person => person !== 'ana' })
    t.match(await halts.lift(id, 'over', ben), {
      outcome: 'asked',
      halt: { liftAsked: { by: 'ben' } },
    })
    t.match(await halts.lift(id, 'over', by('cleo')), {
      outcome: 'lifted',
      halt: { lifted: { reviewed: true } },
    })
  })

  t.test('of many who confirm at once one lifts, and a halt meanwhile stands', async t => {
    const { halts } = open(await stores.empty())
    const id = (await halts.halt(everything, by('ana')))?.id ?? ''
    await halts.lift(id, 'over', by('ana'))
    const [second, ...lifted] = await Promise.all([
      halts.halt({ what: 'tools', reason: 'again' }, by('cleo')),
      ...Array.from({ length: 8 }, () => halts.lift(id, 'yes', by('ben'))),
    ])
    t.equal(lifted.filter(({ outcome }) => outcome === 'lifted').length, 1)
    t.strictSame(
      halts.standing().halts.map(({ id }) => id),
      [second?.id],
    )
    const numbers: number[] = []
    halts.subscribe(() => numbers.push(halts.standing().sequence))
    await Promise.all(Array.from({ length: 5 }, () => halts.halt(everything, by('ana'))))
    t.strictSame(
      [...numbers].sort((a, b) => a - b),
      numbers,
      'numbers only grow',
    )
  })

  t.test('so many halts stand at once, and no more', async t => {
    const { halts } = open(await stores.empty())
    for (let i = 0; i < 50; i++) await halts.halt(everything, by('ana'))
    t.equal(await halts.halt(everything, by('ana')), null)
    t.equal(halts.standing().halts.length, 50)
  })

  t.test(
    'another process on the store hears what was halted, and goes on where this one died',
    async t => {
      const store = await stores.empty()
      const { halts } = open(store)
      const other = open(store).halts
      let heard = 0
      other.subscribe(() => heard++)
      const id = (await halts.halt(everything, by('ana')))?.id ?? ''
      await other.look()
      await other.look()
      t.equal(heard, 1)
      t.strictSame(other.standing(), halts.standing())
      t.match(await other.lift(id, 'over', by('ana')), { outcome: 'asked' })
      t.match(await halts.lift(id, 'over', by('ana')), { outcome: 'refused' })
      t.match(await halts.lift(id, 'over', by('ben')), { outcome: 'lifted' })
      await other.look()
      t.strictSame(other.standing().halts, [])
    },
  )

  t.test('a clock that is set back does not set numbers back', async t => {
    const { halts, clock } = open(await stores.empty())
    await halts.halt(everything, by('ana'))
    clock.at -= 3_600_000
    await halts.halt(everything, by('ana'))
    t.equal(halts.standing().sequence, noon / 1000 + 1)
  })
})
