import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { genesisOf } from '../../records/chain.ts'
import { endAfter, headIn } from '../../records/line.ts'
import { JournalWorld, type Received } from './kills/journal-world.ts'

// Without a listener, the signal of a file that may not grow ends the process.
process.on('SIGXFSZ', () => undefined)

const count = fc.integer({ min: 1, max: 4 })
const bytes = fc.integer({ min: 0, max: 1200 })
const part = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const torn = fc.constantFrom('', '{"proxy":"', '\0\0')

/** What can happen to a journal, and how likely. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ write: count }) },
  { weight: 1, arbitrary: fc.record({ write: count, noSegment: fc.constant(true) }) },
  { weight: 1, arbitrary: fc.record({ write: count, bytes }) },
  { weight: 1, arbitrary: fc.record({ close: fc.constant(true) }) },
  { weight: 2, arbitrary: fc.record({ kill: torn }) },
  { weight: 1, arbitrary: fc.record({ loseBytes: part }) },
  { weight: 1, arbitrary: fc.record({ damage: part }) },
  { weight: 2, arbitrary: fc.record({ ship: fc.constant(true) }) },
)

type Happening = typeof happening extends fc.Arbitrary<infer H> ? H : never

async function happen(world: JournalWorld, what: Happening): Promise<void> {
  if ('bytes' in what) await world.writeIntoFull(what.write, what.bytes)
  else if ('noSegment' in what) await world.writeWithoutSegment(what.write)
  else if ('write' in what) await world.write(what.write)
  else if ('kill' in what) await world.kill(what.kill)
  else if ('loseBytes' in what) await world.loseBytes(what.loseBytes)
  else if ('damage' in what) await world.damage(what.damage)
  else if ('ship' in what) await world.ship()
  else await world.close()
}

/** Numbers of lines that are not chained to the line before that was received. */
function unchained({ lines }: Received): readonly number[] {
  const sorted = [...lines.values()].sort((a, b) => (headIn(a)?.seq ?? 0) - (headIn(b)?.seq ?? 0))
  const first = headIn(sorted[0] ?? '')
  let link = genesisOf(first?.proxy ?? '')
  return sorted.flatMap(line => {
    const head = headIn(line)
    const fits = head?.prev === link
    link = endAfter(line)?.link ?? ''
    return fits ? [] : [head?.seq ?? 0]
  })
}

for (const durability of ['batched', 'strict'] as const) {
  t.test(
    `whatever happens to a ${durability} journal, its chain goes on and never forks`,
    async t => {
      const root = t.testdir()
      const property = fc.asyncProperty(
        fc.array(happening, { minLength: 2, maxLength: 14 }),
        async happenings => {
          const world = new JournalWorld(mkdtempSync(join(root, 'run-')), durability)
          for (const what of happenings) await happen(world, what)
          await world.write(1)
          await world.ship()
          await world.close()
          const { received, kept } = world
          const calls = [...received.lines.values()].map(line => JSON.parse(line).call)
          return (
            received.forks.length === 0 &&
            unchained(received).length === 0 &&
            [...kept].every(call => calls.filter(other => other === call).length === 1)
          )
        },
      )
      const checked = await fc.check(property, { numRuns: Number(process.env.WRIT_RUNS ?? 60) })
      t.notOk(checked.failed, fc.defaultReportMessage(checked) ?? 'it holds')
    },
  )
}
