import { createHash } from 'node:crypto'
import t from 'tap'
import { attemptLimit, remoteKey } from '../../controller/api/attempt-limit.ts'
import { html } from '../../controller/api/pages/html.ts'
import { timeLeft } from '../../controller/api/pages/time-left.ts'
import { knownPeople } from '../../controller/api/person.ts'
import type { Directory } from '../../schemas/directory.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

function directory(namespace: string, users: Readonly<Record<string, object>>): Directory {
  return {
    namespace,
    table: `sha256:${sha256(namespace)}`,
    users: Object.entries(users).map(([name, spec]) => ({ name, spec })),
    teams: [],
    workflows: [],
    channels: [],
    providers: [],
  }
}

const key = (name: string, more: object = {}) => ({ name, sha256: sha256(name), ...more })

function known(directories: readonly Directory[], operator?: string) {
  let all = directories
  const listeners = new Set<() => void>()
  const clock = { now: Date.parse('2026-11-21T12:00:00Z') }
  const people = knownPeople({
    directories: {
      all: () => all,
      subscribe: listener => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    operator,
    now: () => clock.now,
  })
  return {
    people,
    clock,
    publish(next: readonly Directory[]) {
      all = next
      for (const listener of listeners) listener()
    },
  }
}

t.test('a key says who somebody is in every namespace that knows it', async t => {
  const spec = { apiKeys: [key('laptop')], email: 'sys@example.com' }
  const { people } = known([
    directory('default', { 'writ-system/sys': spec, ana: { apiKeys: [key('phone')] } }),
    directory('writ-system', { sys: spec }),
  ])
  t.strictSame(people.byKey(sha256('laptop')), {
    identity: 'key laptop of writ-system/sys',
    name: 'sys',
    email: 'sys@example.com',
    users: new Map([
      ['default', 'writ-system/sys'],
      ['writ-system', 'sys'],
    ]),
  })
  t.strictSame(people.byKey(sha256('phone'))?.users, new Map([['default', 'ana']]))
  t.equal(people.byKey(sha256('unknown')), null)
})

t.test('a key that two people of a namespace hold is nobody there', async t => {
  const shared = { apiKeys: [key('shared')] }
  const { people } = known([
    directory('a', { ana: shared, ben: shared }),
    directory('b', { cleo: shared }),
  ])
  t.strictSame(people.byKey(sha256('shared'))?.users, new Map([['b', 'cleo']]))
  const { people: none } = known([directory('a', { ana: shared, ben: shared })])
  t.equal(none.byKey(sha256('shared')), null)
})

t.test('keys come and go with the directories and with time', async t => {
  const { people, clock, publish } = known([])
  t.equal(people.byKey(sha256('k')), null)
  publish([directory('a', { ana: { apiKeys: [key('k', { expires: '2026-11-21T12:01:00Z' })] } })])
  t.equal(people.byKey(sha256('k'))?.name, 'ana')
  clock.now += 60_000
  t.equal(people.byKey(sha256('k')), null)
})

t.test('the operator is the User of that name, wherever there is one', async t => {
  const all = [
    directory('a', { local: { email: 'me@example.com' } }),
    directory('b', { other: {} }),
    directory('c', { local: {} }),
  ]
  t.strictSame(known(all, 'local').people.operator(), {
    identity: 'admin token',
    name: 'local',
    email: 'me@example.com',
    users: new Map([
      ['a', 'local'],
      ['c', 'local'],
    ]),
  })
  t.equal(known(all).people.operator(), null)
})

t.test('attempts are counted for each, and for all together', async t => {
  let now = 0
  const limit = attemptLimit(() => now)
  const times = (key: string, count: number) =>
    Array.from({ length: count }, () => limit.take(key)).filter(wait => wait === 0).length
  t.equal(times('a', 15), 10)
  t.equal(limit.take('a'), 6)
  t.equal(times('b', 15), 10, 'another has a count of its own')
  t.equal(Array.from({ length: 60 }, (_, i) => limit.take(`c${i}`)).filter(w => w === 0).length, 40)
  t.equal(limit.take('d'), 1, 'all together are too many')
  now += 6000
  t.equal(times('a', 5), 1, 'one comes back every six seconds')
  now += 600_000
  t.equal(times('a', 15), 10, 'and no more than there were')
})

t.test('attempts of ever new addresses take no more room', async t => {
  const limit = attemptLimit(() => 0)
  for (let i = 0; i < 30_000; i += 1) limit.take(`address ${i}`)
  t.ok(limit.take('one more') > 0)
})

t.test('an address stands for its holder', async t => {
  t.strictSame(
    [
      '10.0.0.7',
      '::ffff:10.0.0.7',
      '2001:db8:1:2:3:4:5:6',
      '2001:db8:1:2::6',
      '2001:db8::6',
      'fe80::1%eth0',
      '::1',
      undefined,
    ].map(remoteKey),
    [
      '10.0.0.7',
      '10.0.0.7',
      '2001:db8:1:2::/64',
      '2001:db8:1:2::/64',
      '2001:db8:0:0::/64',
      'fe80:0:0:0::/64',
      '0:0:0:0::/64',
      '',
    ],
  )
})

t.test('what goes into a page is text', async t => {
  const inner = html`<b>${'<&>"\''}</b>`
  t.equal(inner.markup, '<b>&lt;&amp;&gt;&quot;&#39;</b>')
  t.equal(html`${[inner, inner]}${null}${3}`.markup, `${inner.markup}${inner.markup}3`)
})

t.test('time is said in its two largest units', async t => {
  const minute = 60_000
  t.strictSame(
    [-5, 999, 1000, minute, 61_000, 60 * minute, 61 * minute, 1440 * minute, 3000 * minute].map(
      timeLeft,
    ),
    [
      ...['0 seconds', '0 seconds', '1 second', '1 minute', '1 minute 1 second', '1 hour'],
      ...['1 hour 1 minute', '1 day', '2 days 2 hours'],
    ],
  )
})
