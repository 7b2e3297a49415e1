import { built } from './built.ts'
import { type Measured, type Start, start } from './child.ts'
import { median } from './decide.ts'
import { completions, type Pace, paced, type Streamed, saturation, streams } from './model-load.ts'
import { modelTable } from './model-table.ts'

/** What one way to a model costs; times in microseconds, of the process in the middle where there is one. */
export interface ModelCost {
  readonly way: string
  /** At one connection, one call after the other. */
  readonly p50: number
  readonly p99: number
  /** At half of the calls a second that saturate Writ. */
  readonly halfP50: number
  readonly halfP99: number
  readonly cpu: number
  readonly requestsPerSecond: number
  /** From asking for a stream to its first byte. */
  readonly firstByte: number
  /** From a chunk being written to its being read, at half of the chunks a second that saturate Writ. */
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
  readonly ownMegabytes: number
}

interface Way {
  readonly name: string
  readonly url: string
  readonly process: Measured
}

const rounds = 3

/** Chat completions directly, through a bare pass-through, and through Writ with everything on; interleaved rounds. */
export async function models(): Promise<{
  readonly pace: Pace
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
  const most = await saturation(writ.url)
  const pace = { perSecond: most.perSecond / 2, streams: Math.ceil(most.streams / 2) }
  const samples = ways.map(() => [] as Sample[])
  for (let round = 0; round < rounds; round++) {
    for (const [i, way] of ways.entries()) samples[i]?.push(await sample(way, pace))
  }
  const costs = ways.map(({ name }, i) => summary(name, samples[i] ?? []))
  return { pace, costs, load: await loads() }
}

function waysBy(upstream: Measured, bare: Measured, writ: Measured): readonly Way[] {
  return [
    { name: 'direct', url: upstream.url, process: upstream },
    { name: 'pass-through', url: bare.url, process: bare },
    { name: 'writ', url: writ.url, process: writ },
  ]
}

type Sample = Omit<ModelCost, 'way'>

async function sample({ url, process }: Way, pace: Pace): Promise<Sample> {
  const one = await completions(url, 1, 2000)
  const half = await paced(url, pace.perSecond, 5)
  const before = await process.usage()
  const many = await completions(url, 64, 10_000)
  const after = await process.usage()
  const { streamed, cpuPerChunk } = await metered(process, () =>
    streams(url, pace.streams, { chunks: 150, every: 10 }),
  )
  const { firstP50 } = await streams(url, 1, { chunks: 1 })
  const firsts = [firstP50]
  for (let i = 0; i < 100; i++) firsts.push((await streams(url, 1, { chunks: 1 })).firstP50)
  return {
    p50: one.p50Micros,
    p99: one.p99Micros,
    halfP50: half.p50Micros,
    halfP99: half.p99Micros,
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

/** What sidecars are started with. */
const sidecar: Start = {
  env: { NODE_OPTIONS: '--max-semi-space-size=1', MALLOC_ARENA_MAX: '1' },
  // The second is what `writ proxy --small-heap` sets.
  execArgv: ['--no-concurrent-recompilation', '--heap-growing-percent=30'],
}

/** One stream of a hundred thousand chunks, and a thousand streams at once, through what is published. */
async function loads(): Promise<readonly StreamCost[]> {
  const costs: StreamCost[] = []
  const folder = built()
  await using upstream = await start(new URL('model-upstream.js', folder), [])
  for (const [count, wish] of [
    [1, { chunks: 100_000 }],
    [1000, { chunks: 50, every: 100 }],
  ] as const) {
    // What came before must not stand in the memory.
    const through = [upstream.url, '2048']
    await using bare = await start(new URL('pass-through.js', folder), through, sidecar)
    const table = [modelTable(upstream.url)]
    await using writ = await start(new URL('writ-models.js', folder), table, sidecar)
    for (const { name, url, process } of waysBy(upstream, bare, writ)) {
      let memory = { rssBytes: 0, ownBytes: 0 }
      const during = async () => {
        memory = await process.usage()
      }
      const { streamed, cpuPerChunk } = await metered(process, () =>
        streams(url, count, wish, during),
      )
      const { chunks, seconds } = streamed
      if (chunks !== count * wish.chunks) throw new Error(`${name}: ${chunks} chunks came through`)
      const rssMegabytes = memory.rssBytes / 1e6
      const ownMegabytes = memory.ownBytes / 1e6
      const cost = { chunks, seconds, cpuPerChunk, rssMegabytes, ownMegabytes }
      costs.push({ way: name, streams: count, ...cost })
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
    halfP50: of(({ halfP50 }) => halfP50),
    halfP99: of(({ halfP99 }) => halfP99),
    cpu: of(({ cpu }) => cpu),
    requestsPerSecond: of(({ requestsPerSecond }) => requestsPerSecond),
    firstByte: of(({ firstByte }) => firstByte),
    delayP50: of(({ delayP50 }) => delayP50),
    delayP99: of(({ delayP99 }) => delayP99),
    cpuPerChunk: of(({ cpuPerChunk }) => cpuPerChunk),
  }
}
