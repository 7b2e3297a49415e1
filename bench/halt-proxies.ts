import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { pino } from 'pino'
import { joinProxy } from '../cli/serve/join-proxy.ts'
import { run } from '../lifecycle/run.ts'
import { RawClient } from '../tests/proxy/mcp/raw-client.ts'

/** What one of these proxies says: that an agent of it is connected, or when (ms since 1970) its calls changed. */
export interface ProxySaid {
  readonly proxy: string
  readonly halted: boolean
  readonly at: number
}

const [, , controllerUrl = '', controllerToken = '', key = '', folder = '', names = ''] =
  process.argv

/** How long an agent waits between two calls. */
const pauseMs = 500

async function live(name: string): Promise<void> {
  const joined = await joinProxy({
    ...{ host: '127.0.0.1', allowedHosts: [], port: 0, durability: 'batched', chainKeyDays: 0 },
    ...{ folder: join(folder, name), root: folder, controllerUrl, controllerToken },
    secrets: async () => null,
    log: pino({ level: 'silent' }),
  })
  void run(joined.services, new AbortController().signal)
  const url = new URL('/mcp/v1', await joined.listening)
  while (joined.upstreams().every(({ state }) => state !== 'connected')) await after(20)
  const agent = await RawClient.open(url, key)
  for (let was: boolean | null = null; ; await after(pauseMs)) {
    const { result } = await agent.call('read', { path: 'x' })
    const halted = result?.structuredContent?.reason === 'halted'
    if (halted === was || (result?.isError === true && !halted)) continue
    was = halted
    process.send?.({ proxy: name, halted, at: performance.timeOrigin + performance.now() })
  }
}

process.on('disconnect', () => process.exit(0))
await Promise.all(names.split(',').map(live))
