import t from 'tap'
import { KubeFailure } from '../../../controller/kubernetes/failure.ts'
import { openEvents } from '../../../controller/kubernetes/status/events.ts'
import { policy } from './versions.ts'

const guard = policy('guard', { action: 'allow' })
const event = (note: string) =>
  ({ type: 'Warning', reason: 'NotAccepted', action: 'Compile', note }) as const

/** Events that write into a list. */
function written() {
  const lines: string[] = []
  const failures: unknown[] = []
  const clock = { ms: Date.parse('2026-11-21T12:00:00Z') }
  const fault = { next: null as KubeFailure | null }
  const answer = { metadata: { name: '', uid: '', resourceVersion: '' } }
  const events = openEvents({
    kube: {
      async create(_resource, { namespace }, object) {
        const { next } = fault
        fault.next = null
        if (next !== null) throw next
        const { note, regarding, eventTime, reportingInstance } = Object(object)
        lines.push([namespace, regarding.name, note, eventTime, reportingInstance].join(' '))
        return answer
      },
      async patch(_resource, _address, patch) {
        const { count, lastObservedTime } = Object(patch).merge.series
        lines.push(`again ${count} ${lastObservedTime}`)
        return answer
      },
    },
    identity: 'one',
    onFailure: error => failures.push(error),
    now: () => clock.ms,
  })
  return { events, lines, failures, clock, fault }
}

t.test('the same again is counted, and something else is told', async t => {
  const { events, lines, clock } = written()
  await events.tell(guard, event('first'))
  clock.ms += 1000
  await events.tell(guard, event('first'))
  await events.tell(guard, event('second'))
  clock.ms += 600_001
  await events.tell(guard, event('second'))
  t.strictSame(lines, [
    'team-a guard first 2026-11-21T12:00:00.000000Z one',
    'again 2 2026-11-21T12:00:01.000000Z',
    'team-a guard second 2026-11-21T12:00:01.000000Z one',
    'team-a guard second 2026-11-21T12:10:01.001000Z one',
  ])
})

t.test('one object does not flood the others', async t => {
  const { events, lines, clock } = written()
  for (let i = 0; i < 100; i++) await events.tell(guard, event(`${i}`))
  t.equal(lines.length, 20)
  await events.tell(policy('other', {}), event('mine'))
  t.equal(lines.length, 21)
  clock.ms += 30_000
  await events.tell(guard, event('later'))
  await events.tell(guard, event('at once'))
  t.equal(lines.length, 22)
})

t.test('an event that cannot be told is left out', async t => {
  const { events, lines, failures, fault } = written()
  fault.next = new KubeFailure('forbidden', 'no')
  await events.tell(guard, event('lost'))
  t.equal(failures.length, 1)
  await events.tell(guard, event('lost'))
  t.equal(lines.length, 1)
})
