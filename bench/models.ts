import { type Measured, start } from './child.ts'
import { median } from './decide.ts'
import { completions, type Streamed, streams } from './model-load.ts'
import { modelTable } from './model-table.ts'

/** What one way to a model costs; times in microseconds, of the process in the middle where there is one. */
export interface ModelCost {
  readonly way: string
  readonly p50: number
  readonly p99: number
  readonly cpu: number
  readonly requestsPerSecond: number
  /** From asking for a stream to its first byte. */
  readonly firstByte: number
  /** From a chunk being written to its being read, at half of what saturates Writ. */
  readonly delayP50: number
  readonly delayP99: number
  /** Of a chunk. */
  readonly cpuPerChunk: number
}

/** What many or long streams cost. */
export interface StreamCost {
  readonly way: string
  readonly streams: number
  readonly chunks: number
  readonly seconds: number
  readonly cpuPerChunk: number
  readonly rssMegabytes: number
}

interface Way {
  readonly name: string
  readonly url: string
  readonly process: Measured
}

const rounds = 3

/** Chat completions directly, through a bare pass-through, and through Writ with everything on; interleaved rounds. */
export async function models(): Promise<{
  readonly costs: readonly ModelCost[]
  readonly load: readonly StreamCost[]
}> {
  await using upstream = await start('./model-upstream.ts', [])
  await using bare = await start('./pass-through.ts', [upstream.url, '2048'])
  await using writ = await start('./writ-models.ts', [modelTable(upstream.url)])
  const ways = waysBy(upstream, bare, writ)
  // With less, the figures hold the engine's compiling, which a process pays once.
  for (const { url } of ways) {
    await completions(url, 64, 15_000)
    await streams(url, 50, { chunks: 200, every: 5 })
  }
  const samples = ways.map(() => [] as Sample[])
  for (let round = 0; round < rounds; round++) {
    for (const [i, way] of ways.entries()) samples[i]?.push(await sample(way))
  }
  const costs = ways.map(({ name }, i) => summary(name, samples[i] ?? []))
  return { costs, load: await loads(upstream) }
}

function waysBy(upstream: Measured, bare: Measured, writ: Measured): readonly Way[] {
  return [
    { name: 'direct', url: upstream.url, process: upstream },
    { name: 'pass-through', url: bare.url, process: bare },
    { name: 'writ', url: writ.url, process: writ },
  ]
}

type Sample = Omit<ModelCost, 'way'>

/** About half of the chunks a second that saturate Writ beside a client and an upstream on two cores. */
const paced = { count: 60, chunks: 150, every: 10 }

async function sample({ url, process }: Way): Promise<Sample> {
  const one = await completions(url, 1, 2000)
  const before = await process.usage()
  const many = await completions(url, 64, 10_000)
  const after = await process.usage()
  const { streamed, cpuPerChunk } = await metered(process, () =>
    streams(url, paced.count, { chunks: paced.chunks, every: paced.every }),
  )
  const { firstP50 } = await streams(url, 1, { chunks: 1 })
  const firsts = [firstP50]
  for (let i = 0; i < 100; i++) firsts.push((await streams(url, 1, { chunks: 1 })).firstP50)
  return {
    p50: one.p50Micros,
    p99: one.p99Micros,
    cpu: (after.cpuMicros - before.cpuMicros) / many.requests,
    requestsPerSecond: many.requests / many.seconds,
    firstByte: median(firsts),
    delayP50: streamed.delayP50,
    delayP99: streamed.delayP99,
    cpuPerChunk,
  }
}

async function metered(
  process: Measured,
  run: () => Promise<Streamed>,
): Promise<{ readonly streamed: Streamed; readonly cpuPerChunk: number }> {
  const before = await process.usage()
  const streamed = await run()
  const after = await process.usage()
  return { streamed, cpuPerChunk: (after.cpuMicros - before.cpuMicros) / streamed.chunks }
}

/** One stream of a hundred thousand chunks, and a thousand streams at once. */
async function loads(upstream: Measured): Promise<readonly StreamCost[]> {
  const costs: StreamCost[] = []
  for (const [count, wish] of [
    [1, { chunks: 100_000 }],
    [1000, { chunks: 50, every: 100 }],
  ] as const) {
    // What came before must not stand in the memory.
    await using bare = await start('./pass-through.ts', [upstream.url, '2048'])
    await using writ = await start('./writ-models.ts', [modelTable(upstream.url)])
    for (const { name, url, process } of waysBy(upstream, bare, writ)) {
      let rssBytes = 0
      const during = async () => {
        rssBytes = (await process.usage()).rssBytes
      }
      const { streamed, cpuPerChunk } = await metered(process, () =>
        streams(url, count, wish, during),
      )
      const { chunks, seconds } = streamed
      if (chunks !== count * wish.chunks) throw new Error(`${name}: ${chunks} chunks came through`)
      const rssMegabytes = rssBytes / 1e6
      costs.push({ way: name, streams: count, chunks, seconds, cpuPerChunk, rssMegabytes })
    }
  }
  return costs
}

function summary(way: string, samples: readonly Sample[]): ModelCost {
  const of = (pick: (sample: Sample) => number) => median(samples.map(pick))
  return {
    way,
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    cpu: of(({ cpu }) => cpu),
    requestsPerSecond: of(({ requestsPerSecond }) => requestsPerSecond),
    firstByte: of(({ firstByte }) => firstByte),
    delayP50: of(({ delayP50 }) => delayP50),
    delayP99: of(({ delayP99 }) => delayP99),
    cpuPerChunk: of(({ cpuPerChunk }) => cpuPerChunk),
  }
}
