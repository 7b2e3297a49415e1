import {
  createReadStream,
  createWriteStream,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Policies, replay } from '../controller/replay/replay.ts'
import { compile } from '../policy/compile/compile.ts'
import { load } from '../policy/decide/load.ts'
import { recordLines } from './replay-records.ts'

/** What one replay took. */
interface ReplayCost {
  readonly way: string
  readonly seconds: number
  /** Of all threads together. */
  readonly cpuSeconds: number
  /** Against reading and parsing the lines, and nothing else, in one thread. */
  readonly ratio: number
  readonly changed: number
  /** Most that the process took while it ran. */
  readonly rssMegabytes: number
}

export interface ReplayCosts {
  readonly records: number
  readonly megabytes: number
  readonly parsing: number
  readonly ways: readonly ReplayCost[]
}

const folder = join(import.meta.dirname, '../examples/airline')
const names = ['server', 'people', 'reading', 'money', 'changes', 'observe']

const budgets = `
apiVersion: writ.dev/v1alpha1
kind: Budget
metadata: { name: sessions }
spec: { per: session, limit: { calls: 12 }, window: session }
---
apiVersion: writ.dev/v1alpha1
kind: Budget
metadata: { name: bookings }
spec: { limit: { usd: "5.00" }, window: day, toolPrices: [{ tool: book_reservation, usd: "0.05" }] }
`

/** Replays so many records, made of the calls of examples/airline, under policies that differ in a few places. */
export async function replaying(records: number): Promise<ReplayCosts> {
  const temporary = mkdtempSync(join(tmpdir(), 'writ-bench-'))
  try {
    const file = join(temporary, 'records.jsonl')
    const texts = names.map(name => readFileSync(join(folder, `${name}.yaml`), 'utf8'))
    const before = policiesOf(texts)
    const table = load(before.tables.get('default') ?? '')
    await pipeline(Readable.from(recordLines(records, table)), createWriteStream(file))
    const after = policiesOf([
      ...texts.map(text => text.replace('args.amount > 50\n', 'args.amount > 25\n')),
      budgets,
    ])
    const parsing = await parsed(file)
    const ways = []
    for (const [way, compared] of [
      ['what was decided', null],
      ['other policies', before],
    ] as const) {
      const cost = await timed(file, after, compared)
      ways.push({ way, ...cost, ratio: cost.seconds / parsing })
    }
    const megabytes = statSync(file).size / 1e6
    return { records, megabytes, parsing, ways }
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

function policiesOf(texts: readonly string[]): Policies {
  const files = texts.map((text, i) => ({ path: `${i}.yaml`, text }))
  const { tables, directories, problems } = compile(files)
  if (tables === null) throw new Error(JSON.stringify(problems))
  return { tables: new Map([...tables].map(([name, { json }]) => [name, json])), directories }
}

async function parsed(file: string): Promise<number> {
  const began = performance.now()
  let entries = 0
  for await (const line of createInterface(createReadStream(file))) {
    if (JSON.parse(line).seq > 0) entries++
  }
  if (entries === 0) throw new Error('there are no records')
  return (performance.now() - began) / 1000
}

async function timed(file: string, after: Policies, before: Policies | null) {
  const began = performance.now()
  const cpu = process.cpuUsage()
  let rss = 0
  const { changedCalls } = await replay(
    { lines: createReadStream(file, { highWaterMark: 1024 * 1024 }), after, before },
    {
      signal: new AbortController().signal,
      onProgress: () => {
        rss = Math.max(rss, process.memoryUsage.rss())
      },
    },
  )
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return {
    seconds,
    cpuSeconds: (user + system) / 1e6,
    changed: changedCalls,
    rssMegabytes: rss / 1e6,
  }
}
