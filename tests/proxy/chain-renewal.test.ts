import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { ControllerLink } from '../../proxy/follow/controller-link.ts'
import { shipJournal } from '../../proxy/follow/ship-journal.ts'
import { openJournal } from '../../proxy/journal/journal.ts'
import { Seals } from '../../proxy/journal/seals.ts'
import { headIn } from '../../records/line.ts'
import { until } from '../controller/world.ts'
import { entryText } from './journal-entry.ts'
import { wrongSeals } from './kills/flaws-in.ts'

type Answer = Awaited<ReturnType<ControllerLink['send']>>

/** Whoever takes batches: keeps every one, and answers as long as `answers` says. */
class Taker {
  readonly bodies: string[] = []
  answers = Number.POSITIVE_INFINITY

  readonly link: ControllerLink = {
    close: async () => undefined,
    send: async (_path, { body, signal } = {}) => {
      this.bodies.push(String(body))
      this.answers -= 1
      if (this.answers < 0) {
        await new Promise((_, reject) =>
          signal?.addEventListener('abort', () => reject(signal.reason)),
        )
      }
      return { body: { dump: async () => undefined } } as Answer
    },
  }

  /** Every line, in the order of numbers. */
  lines(): readonly string[] {
    const bySeq = new Map<number, string>()
    for (const line of this.bodies.flatMap(body => body.split('\n'))) {
      const head = headIn(line)
      if (head !== null) bySeq.set(head.seq, line)
    }
    return [...bySeq].sort(([a], [b]) => a - b).map(([, line]) => line)
  }

  keys(): readonly string[] {
    return [...new Set(this.bodies.map(body => JSON.parse(body.split('\n')[0] ?? '').keyId))]
  }
}

/** One life of a proxy: writes so many entries, and hands them in until `until` says so. */
async function live(
  folder: string,
  taker: Taker,
  { entries, batchBytes, ask }: { entries: number; batchBytes: number; ask: boolean },
  enough: (shipped: number) => boolean,
): Promise<void> {
  const journal = await openJournal({ folder })
  for (let i = 0; i < entries; i += 1) await journal.write([entryText()])
  if (ask) writeFileSync(join(folder, 'renew-chain-key'), '')
  const seals = new Seals({ journal, now: Date.now, keyDays: 0 })
  const stop = new AbortController()
  const log = { warn: () => undefined }
  const shipping = await shipJournal({ journal, controller: taker.link, seals, log, batchBytes })
  const running = shipping.run(stop.signal)
  await until(() => enough(shipping.shipped()))
  stop.abort()
  await running
  await journal.close()
}

t.test('a key is not replaced before entries that may have been handed in', async t => {
  const folder = t.testdir()
  const taker = new Taker()
  await live(folder, taker, { entries: 3, batchBytes: 100_000, ask: false }, n => n === 3)
  taker.answers = 0
  const sent = taker.bodies.length + 1
  await live(
    folder,
    taker,
    { entries: 9, batchBytes: 100_000, ask: true },
    () => taker.bodies.length >= sent,
  )
  taker.answers = Number.POSITIVE_INFINITY
  await live(folder, taker, { entries: 0, batchBytes: 1000, ask: true }, n => n === 12)
  await live(folder, taker, { entries: 2, batchBytes: 1000, ask: false }, n => n === 14)
  t.ok(taker.bodies.length > 5, 'what was handed in at once came again in parts')
  t.equal(taker.keys().length, 2)
  t.strictSame(wrongSeals(taker.lines(), taker.bodies), [])
})

t.test('a new key that nobody was told of is told after the next start', async t => {
  const folder = t.testdir()
  const taker = new Taker()
  const keyId = () => {
    const [first = ''] = readFileSync(join(folder, 'chain-key.pem'), 'utf8').split('\n')
    return JSON.parse(first).keyId
  }
  await live(folder, taker, { entries: 2, batchBytes: 9000, ask: true }, n => n === 2)
  await until(() => keyId() !== taker.keys()[0])
  await live(folder, taker, { entries: 2, batchBytes: 9000, ask: false }, n => n === 4)
  t.equal(taker.keys()[1], keyId())
  t.strictSame(wrongSeals(taker.lines(), taker.bodies), [])
})

t.test('an answer that is lost on the way to a new key is asked for again with it', async t => {
  const folder = t.testdir()
  const taker = new Taker()
  await live(folder, taker, { entries: 2, batchBytes: 9000, ask: true }, n => n === 2)
  taker.answers = 0
  await live(
    folder,
    taker,
    { entries: 2, batchBytes: 9000, ask: true },
    () => taker.bodies.length > 1,
  )
  taker.answers = Number.POSITIVE_INFINITY
  await live(folder, taker, { entries: 2, batchBytes: 9000, ask: false }, n => n === 6)
  await live(folder, taker, { entries: 1, batchBytes: 9000, ask: false }, n => n === 7)
  t.equal(taker.keys().length, 3)
  t.strictSame(wrongSeals(taker.lines(), taker.bodies), [])
})
