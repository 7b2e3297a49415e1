import { type Dispatcher, Pool } from 'undici'
import type { Latencies } from './load.ts'

const headers = { 'content-type': 'application/json', authorization: 'Bearer bench' }
const prompt = 'p'.repeat(900)

/** A request of about a kilobyte, as clients write it. */
function bodyOf(more: object): string {
  return JSON.stringify({
    model: 'gpt',
    messages: [{ role: 'user', content: prompt }],
    max_tokens: 200,
    ...more,
  })
}

/** Sends `requests` chat completions in all, `connections` at a time, each on a connection of its own. */
export async function completions(
  target: string,
  connections: number,
  requests: number,
): Promise<Latencies> {
  const { origin, pathname } = new URL(target)
  const pool = new Pool(origin, { connections, pipelining: 1 })
  const micros: number[] = []
  const body = bodyOf({})
  let sent = 0
  const worker = async () => {
    while (sent < requests) {
      sent++
      const began = process.hrtime.bigint()
      await exchange(pool, pathname, body, () => undefined)
      micros.push(Number(process.hrtime.bigint() - began) / 1000)
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: connections }, worker))
  const seconds = (performance.now() - began) / 1000
  await pool.close()
  micros.sort((a, b) => a - b)
  return { requests, seconds, p50Micros: at(micros, 0.5), p99Micros: at(micros, 0.99) }
}

/** What a client sees of streams. */
export interface Streamed {
  readonly chunks: number
  readonly seconds: number
  /** Microseconds from asking to the first byte of the answer. */
  readonly firstP50: number
  /** Microseconds from a chunk being written to its being read. */
  readonly delayP50: number
  readonly delayP99: number
}

/** Opens `streams` at once, each of so many chunks, `every` so many ms; calls `during` once half of them are through. */
export async function streams(
  target: string,
  count: number,
  wish: { readonly chunks: number; readonly every?: number },
  during?: () => Promise<void>,
): Promise<Streamed> {
  const { origin, pathname } = new URL(target)
  const pool = new Pool(origin, { connections: count, pipelining: 1 })
  const body = bodyOf({ stream: true, metadata: wish })
  const delays: number[] = []
  const firsts: number[] = []
  let chunks = 0
  let halfway: Promise<void> | null = null
  const half = (count * wish.chunks) / 2
  const one = async () => {
    const asked = process.hrtime.bigint()
    let first = true
    let rest = ''
    await exchange(pool, pathname, body, bytes => {
      const now = process.hrtime.bigint()
      if (first) firsts.push(Number(now - asked) / 1000)
      first = false
      const text = rest + bytes.toString('latin1')
      rest = text.slice(text.lastIndexOf('\n') + 1)
      for (const [, written] of text.matchAll(/"at":(\d+)\}\n/g)) {
        chunks++
        if (delays.length < 1_000_000) delays.push(Number(now - BigInt(written ?? 0)) / 1000)
      }
      if (chunks > half) halfway ??= during?.() ?? Promise.resolve()
    })
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: count }, one))
  await halfway
  const seconds = (performance.now() - began) / 1000
  await pool.close()
  for (const list of [delays, firsts]) list.sort((a, b) => a - b)
  return {
    chunks,
    seconds,
    firstP50: at(firsts, 0.5),
    delayP50: at(delays, 0.5),
    delayP99: at(delays, 0.99),
  }
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN
}

function exchange(
  pool: Pool,
  path: string,
  body: string,
  onData: (chunk: Buffer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart(_controller, status) {
        if (status !== 200) reject(new Error(`answered ${status}`))
      },
      onResponseData(_controller, chunk) {
        onData(chunk)
      },
      onResponseEnd() {
        resolve()
      },
      onResponseError(_controller, error) {
        reject(error)
      },
    }
    pool.dispatch({ path, method: 'POST', headers, body, bodyTimeout: 0 }, handler)
  })
}
