import { writeFileSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'
import { openJournal } from '../../../proxy/journal/journal.ts'
import { entryText } from '../journal-entry.ts'

/** What a victim is told. */
export interface VictimTask {
  readonly folder: string
  readonly durability: 'batched' | 'strict'
  /** Begins the name of every call that it writes down. */
  readonly name: string
  /** About how many bytes it hands in at once while it writes; 0: it hands in nothing. */
  readonly batchBytes: number
  readonly url: string
}

/**
 * A process that is killed. It says `up` before it opens the journal, `open` afterwards, and then the name of every
 * call of which both entries are kept. It asks for another key all the time.
 */
const task: VictimTask = JSON.parse(process.argv[2] ?? '')
const { folder, durability, name, batchBytes, url } = task
const say = (text: string) => process.stdout.write(`${text}\n`)

const ship = batchBytes === 0 ? null : (await import('./victim-ship.ts')).victimShip
say('up')
const journal = await openJournal({ folder, durability, segmentBytes: 30_000 })
say('open')
flushCompileCache()
if (ship !== null) {
  const ask = () => writeFileSync(join(folder, 'renew-chain-key'), '')
  ask()
  setInterval(ask, 5)
  void (await ship(journal, url, batchBytes)).run(new AbortController().signal)
}

async function oneCall(call: string): Promise<void> {
  await journal.write([entryText({ call })])
  await journal.write([entryText({ call, phase: 'outcome', status: 'succeeded' })])
  say(call)
}

// What is handed in has to catch up with what is written, or no key is ever replaced.
const longest = batchBytes === 0 ? 3 : 20
for (let i = 0; ; i += 1) {
  await Promise.all([oneCall(`${name}-${i}-a`), oneCall(`${name}-${i}-b`)])
  await new Promise(resolve => setTimeout(resolve, Math.random() * longest))
}
