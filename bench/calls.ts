import { type Measured, start } from './child.ts'
import { median } from './decide.ts'
import { load, type Target } from './load.ts'

/** What one way to the tool costs; times in microseconds, of the process in the middle where there is one. */
export interface WayCost {
  readonly way: string
  readonly p50: number
  readonly p99: number
  readonly cpu: number
  readonly requestsPerSecond: number
  readonly rssMegabytes: number
}

interface Way {
  readonly name: string
  readonly target: Target
  readonly process: Measured
}

const rounds = 3

/** A tools/call of 1 KB in and out: directly, through a bare pass-through, and through Writ; interleaved rounds. */
export async function calls(): Promise<readonly WayCost[]> {
  await using upstream = await start('./upstream.ts', [])
  await using bare = await start('./pass-through.ts', [upstream.url])
  await using writ = await start('./writ.ts', [upstream.url])
  await using collector = await start('./collector.ts', [])
  await using traced = await start('./writ.ts', [upstream.url, collector.url])
  const ways: readonly Way[] = [
    { name: 'direct', target: { url: upstream.url, headers: {} }, process: upstream },
    { name: 'pass-through', target: { url: bare.url, headers: {} }, process: bare },
    { name: 'writ, stateless', target: stateless(writ.url), process: writ },
    { name: 'writ, session', target: await inSession(writ.url), process: writ },
    { name: 'writ, session, traced', target: await inSession(traced.url), process: traced },
  ]
  // With less, the figures hold the engine's compiling, which a process pays once.
  for (const { target } of ways) await load(target, 64, 15_000)
  const samples = ways.map(() => [] as Sample[])
  for (let round = 0; round < rounds; round++) {
    for (const [i, way] of ways.entries()) samples[i]?.push(await sample(way))
  }
  return ways.map(({ name }, i) => summary(name, samples[i] ?? []))
}

type Sample = Omit<WayCost, 'way'>

async function sample({ target, process }: Way): Promise<Sample> {
  const one = await load(target, 1, 2000)
  const before = await process.usage()
  const many = await load(target, 64, 10_000)
  const after = await process.usage()
  return {
    p50: one.p50Micros,
    p99: one.p99Micros,
    cpu: (after.cpuMicros - before.cpuMicros) / many.requests,
    requestsPerSecond: many.requests / many.seconds,
    rssMegabytes: after.rssBytes / 1e6,
  }
}

function summary(way: string, samples: readonly Sample[]): WayCost {
  const of = (pick: (sample: Sample) => number) => median(samples.map(pick))
  return {
    way,
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    cpu: of(({ cpu }) => cpu),
    requestsPerSecond: of(({ requestsPerSecond }) => requestsPerSecond),
    rssMegabytes: of(({ rssMegabytes }) => rssMegabytes),
  }
}

const key = { authorization: 'Bearer bench' }

function stateless(url: string): Target {
  const headers = {
    ...key,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'read',
  }
  return { url, headers, meta: true }
}

async function inSession(url: string): Promise<Target> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      ...key,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 0,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'bench', version: '1' },
      },
    }),
  })
  await response.text()
  const session = response.headers.get('mcp-session-id')
  if (session === null) throw new Error(`no session: ${response.status}`)
  const headers = { ...key, 'mcp-protocol-version': '2025-11-25', 'mcp-session-id': session }
  return { url, headers }
}
