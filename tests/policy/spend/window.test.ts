import fc from 'fast-check'
import t from 'tap'
import { firstInstant, wallClock } from '../../../policy/spend/wall-clock.ts'
import { windows } from '../../../policy/spend/window.ts'

const at = (text: string) => Date.parse(text)
const hours = ({ start, end }: { start: string; end: number }) => (end - at(start)) / 3_600_000

const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Havana',
  'America/Sao_Paulo',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Kathmandu',
  'Asia/Beirut',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Chatham',
]
const kinds = ['hour', 'day', 'week', 'month'] as const

t.test('windows follow one another without a gap', async t => {
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.constantFrom(...kinds),
      fc.integer({ min: at('2005-01-01T00:00:00Z'), max: at('2037-12-31T00:00:00Z') }),
      (zone, kind, now) => {
        const windowAt = windows(kind, zone)
        const window = windowAt(now)
        const begun = at(window.start) <= now && now < window.end
        const first = windows(kind, zone)(at(window.start))
        const last = windows(kind, zone)(window.end - 1)
        const next = windowAt(window.end)
        const same = [first, last, windowAt(window.end - 1)].every(
          w => w.start === window.start && w.end === window.end,
        )
        return begun && same && at(next.start) === window.end
      },
    ),
    { numRuns: 1000 },
  )
  t.pass('in any zone')
})

t.test('a day lasts as long as the clocks on the wall say', async t => {
  const berlin = windows('day', 'Europe/Berlin')
  t.strictSame(berlin(at('2026-06-10T22:00:00Z')), {
    start: '2026-06-10T22:00:00.000Z',
    end: at('2026-06-11T22:00:00Z'),
  })
  t.equal(hours(berlin(at('2026-03-29T12:00:00Z'))), 23)
  t.equal(hours(berlin(at('2026-10-25T12:00:00Z'))), 25)
})

t.test('a day whose midnight is skipped begins when the clocks have jumped', async t => {
  const cairo = windows('day', 'Africa/Cairo')
  const day = cairo(at('2026-04-24T12:00:00Z'))
  t.equal(day.start, '2026-04-23T22:00:00.000Z')
  t.equal(hours(day), 23)
  const apia = windows('day', 'Pacific/Apia')(at('2011-12-30T09:00:00Z'))
  t.strictSame(
    [apia.start, new Date(apia.end).toISOString()],
    ['2011-12-29T10:00:00.000Z', '2011-12-30T10:00:00.000Z'],
  )
})

t.test('a day whose midnight comes twice begins with the first', async t => {
  const day = windows('day', 'America/Havana')(at('2026-11-01T12:00:00Z'))
  t.equal(day.start, '2026-11-01T04:00:00.000Z')
  t.equal(hours(day), 25)
})

t.test('an hour that clocks show twice is one window', async t => {
  t.equal(hours(windows('hour', 'Europe/Berlin')(at('2026-10-25T00:30:00Z'))), 2)
  t.equal(hours(windows('hour', 'Europe/Berlin')(at('2026-03-29T01:30:00Z'))), 1)
  t.equal(hours(windows('hour', 'Australia/Lord_Howe')(at('2026-04-04T14:45:00Z'))), 1.5)
  t.equal(hours(windows('hour', 'Australia/Lord_Howe')(at('2026-10-03T15:40:00Z'))), 0.5)
  t.equal(
    windows('hour', 'Asia/Kathmandu')(at('2026-05-05T05:20:00Z')).start,
    '2026-05-05T05:15:00.000Z',
  )
})

t.test('a week begins on Monday and a month on its first day', async t => {
  const week = windows('week', 'UTC')(at('2026-11-22T23:59:59.999Z'))
  t.strictSame(week, { start: '2026-11-16T00:00:00.000Z', end: at('2026-11-23T00:00:00Z') })
  const month = windows('month', 'America/New_York')(at('2026-12-31T23:00:00Z'))
  t.strictSame(month, { start: '2026-12-01T05:00:00.000Z', end: at('2027-01-01T05:00:00Z') })
})

t.test('sessions and totals have no window', async t => {
  for (const kind of ['session', 'total'] as const) {
    t.strictSame(windows(kind, 'UTC')(0), { start: '', end: Number.POSITIVE_INFINITY })
  }
})

t.test('a time inside a gap is the end of the gap', async t => {
  const clock = wallClock('Antarctica/Troll')
  t.equal(firstInstant(clock, at('2026-03-29T02:00:00Z')), at('2026-03-29T01:00:00Z'))
})

t.test('a clock that is set back finds the window before', async t => {
  const windowAt = windows('day', 'UTC')
  const today = windowAt(at('2026-05-05T12:00:00Z'))
  t.equal(windowAt(at('2026-05-05T23:00:00Z')), today)
  t.equal(windowAt(at('2026-05-04T12:00:00Z')).start, '2026-05-04T00:00:00.000Z')
})

t.test('an unknown zone throws', async t => {
  t.throws(() => wallClock('Mars/Olympus'), RangeError)
})

t.test('clocks on the wall keep the milliseconds, before 1970 as well', async t => {
  const clock = wallClock('Europe/Berlin')
  t.equal(clock(at('2026-01-01T00:00:00.250Z')), at('2026-01-01T01:00:00.250Z'))
  t.equal(clock(at('1960-01-01T00:00:00.250Z')), at('1960-01-01T01:00:00.250Z'))
})
