import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as after } from 'node:timers/promises'
import { Agent, type Dispatcher, request } from 'undici'
import { readEvents } from '../proxy/follow/read-events.ts'
import type { ProxyReport } from '../schemas/proxy-report.ts'
import type { TableRelease } from '../schemas/table-release.ts'
import { serve } from './child.ts'

/** One that follows the controller as a proxy does, and judges no call. */
interface Simulated {
  readonly id: string
  readonly token: string
}

const [, , controller = '', file = ''] = process.argv
const proxies: readonly Simulated[] = JSON.parse(readFileSync(file, 'utf8'))
const dispatcher = new Agent({ connections: null, pipelining: 1, bodyTimeout: 30_000 })
const reportMs = 5000

async function ask(
  { token }: Simulated,
  path: string,
  some: Partial<Dispatcher.RequestOptions> = {},
) {
  const answer = await request(new URL(path, controller), {
    method: 'GET',
    ...some,
    dispatcher,
    headers: { ...Object(some.headers), authorization: `Bearer ${token}` },
  })
  if (answer.statusCode < 300) return answer
  await answer.body.dump()
  throw new Error(`${answer.statusCode} to ${path}`)
}

/** Puts what is released in force, and reports it. */
async function live(proxy: Simulated): Promise<never> {
  const enforced: Record<string, string> = {}
  let changed = new AbortController()
  const follow = async (): Promise<void> => {
    const stream = await ask(proxy, '/api/v1/tables/stream')
    for await (const { type, data } of readEvents(stream.body)) {
      if (type !== 'release') continue
      const { namespace, digest }: TableRelease = JSON.parse(data)
      const table = await ask(proxy, `/api/v1/tables/${digest}`)
      const bytes = Buffer.from(await table.body.arrayBuffer())
      const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
      if (found !== digest) throw new Error(`the table ${digest} has the digest ${found}`)
      enforced[namespace] = digest
      changed.abort()
    }
  }
  const report = async (): Promise<never> => {
    for (;;) {
      changed = new AbortController()
      const body = JSON.stringify(reportOf(proxy, enforced))
      const headers = { 'content-type': 'application/json' }
      await ask(proxy, `/api/v1/proxies/${proxy.id}`, { method: 'PUT', headers, body })
        .then(answer => answer.body.dump())
        .catch(() => undefined)
      await after(reportMs, undefined, { signal: changed.signal }).catch(() => undefined)
      await after(50)
    }
  }
  void report()
  for (;;) {
    await follow().catch(() => undefined)
    await after(250 + Math.random() * 250)
  }
}

function reportOf({ id }: Simulated, enforced: Readonly<Record<string, string>>): ProxyReport {
  return {
    proxy: id,
    version: 'bench',
    startedAt: '2026-11-21T09:00:00Z',
    enforced,
    upstreams: [],
    journal: { seq: 0, shipped: 0 },
  }
}

for (const proxy of proxies) void live(proxy)
serve(controller)
