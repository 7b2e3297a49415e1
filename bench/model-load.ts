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

/**
 * Sends chat completions at a fixed rate for so many seconds, whether answers keep up or not, and counts
 * each from the moment it was due.
 */
export async function paced(
  target: string,
  perSecond: number,
  seconds: number,
): Promise<Latencies> {
  const { origin, pathname } = new URL(target)
  const pool = new Pool(origin, { connections: 64, pipelining: 1 })
  const micros: number[] = []
  const body = bodyOf({})
  const requests = Math.round(perSecond * seconds)
  const sent: Promise<void>[] = []
  const began = performance.now()
  while (sent.length < requests) {
    const elapsed = performance.now() - began
    while (sent.length < requests && (sent.length * 1000) / perSecond <= elapsed) {
      const due = began + (sent.length * 1000) / perSecond
      const one = exchange(pool, pathname, body, () => undefined)
      sent.push(one.then(() => void micros.push((performance.now() - due) * 1000)))
    }
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  await Promise.all(sent)
  await pool.close()
  micros.sort((a, b) => a - b)
  return { requests, seconds, p50Micros: at(micros, 0.5), p99Micros: at(micros, 0.99) }
}

/** How fast calls come: completions a second, and streams with a chunk every 10 ms. */
export interface Pace {
  readonly perSecond: number
  readonly streams: number
}

/** The most that comes through: calls with 64 waiting always, and streams of which none falls behind. */
export async function saturation(target: string): Promise<Pace> {
  const many = await completions(target, 64, 10_000)
  let count = 20
  for (;;) {
    const { seconds } = await streams(target, count, { chunks: 100, every: 10 })
    if (seconds > 1.25) return { perSecond: many.requests / many.seconds, streams: count }
    count = Math.ceil(count * 1.4)
  }
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
