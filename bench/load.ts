import { type Dispatcher, Pool } from 'undici'

export interface Target {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Whether each request introduces its client, as stateless ones do. */
  readonly meta?: boolean
}

export interface Latencies {
  readonly requests: number
  readonly seconds: number
  readonly p50Micros: number
  readonly p99Micros: number
}

/** No two calls of a run have the same id. */
let lastId = 0

/** Sends `requests` tools/call in all, `connections` at a time, each on a connection of its own. */
export async function load(
  target: Target,
  connections: number,
  requests: number,
): Promise<Latencies> {
  const url = new URL(target.url)
  const pool = new Pool(url.origin, { connections, pipelining: 1 })
  const micros: number[] = []
  let sent = 0
  const worker = async () => {
    while (sent < requests) {
      sent++
      const id = ++lastId
      const began = process.hrtime.bigint()
      await call(pool, url.pathname, target, id)
      micros.push(Number(process.hrtime.bigint() - began) / 1000)
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: connections }, worker))
  const seconds = (performance.now() - began) / 1000
  await pool.close()
  micros.sort((a, b) => a - b)
  const at = (share: number) => micros[Math.floor((micros.length - 1) * share)] ?? Number.NaN
  return { requests, seconds, p50Micros: at(0.5), p99Micros: at(0.99) }
}

const introduction = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

function call(pool: Pool, path: string, { headers, meta }: Target, id: number): Promise<void> {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: {
      name: 'read',
      arguments: { path: `/srv/data/${id}.txt`, amount: id % 900, note: 'n'.repeat(900) },
      ...(meta === true ? { _meta: introduction } : {}),
    },
  })
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart(_controller, status) {
        if (status !== 200) reject(new Error(`answered ${status}`))
      },
      onResponseData(_controller, chunk) {
        chunks.push(chunk)
      },
      onResponseEnd() {
        const text = Buffer.concat(chunks).toString()
        if (text.includes('xxxx')) resolve()
        else reject(new Error(`not the upstream's answer: ${text.slice(0, 300)}`))
      },
      onResponseError(_controller, error) {
        reject(error)
      },
    }
    pool.dispatch(
      {
        path,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
        body,
      },
      handler,
    )
  })
}
