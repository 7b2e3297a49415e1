import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { openJournal } from '../../../proxy/journal/journal.ts'
import { until } from '../../controller/world.ts'
import type { VictimTask } from './victim.ts'
import { victimShip } from './victim-ship.ts'

/** When a victim is killed: so many ms behind what it said, or at a moment of a batch that it hands in. */
export type Moment =
  | { readonly behind: 'start' | 'up' | 'open'; readonly ms: number }
  | { readonly batch: 'received' | 'kept' | 'answered'; readonly nth: number }

/** One proxy that is killed again and again, and whoever takes its entries. */
export interface Lane {
  readonly folder: string
  /** Id of the proxy. */
  proxy(): string
  /** Calls of which the proxy said that it keeps them. */
  readonly acknowledged: ReadonlySet<string>
  /** Every body that was kept, in order. */
  readonly bodies: readonly string[]
  /** Starts the proxy and kills it. */
  kill(task: Omit<VictimTask, 'folder' | 'url'>, moment: Moment): Promise<void>
  /** Hands in what is left. */
  finish(): Promise<void>
}

/** A proxy in the folder whose entries `append` takes. */
export async function lane(
  t: Test,
  folder: string,
  append: (lines: readonly string[]) => Promise<unknown>,
): Promise<Lane> {
  const acknowledged = new Set<string>()
  const bodies: string[] = []
  let proxy = ''
  let strike: ((at: string) => void) | null = null
  const server = createServer(async (request, response) => {
    const body = await text(request).catch(() => null)
    if (body === null) return
    strike?.('received')
    await append(body.split('\n').filter(Boolean))
    bodies.push(body)
    strike?.('kept')
    response.end('{}', () => strike?.('answered'))
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}`
  return {
    folder,
    acknowledged,
    bodies,
    proxy: () => proxy,
    async kill(task, moment) {
      const child = start({ ...task, folder, url })
      const killAt = killer(child, moment)
      strike = killAt
      killAt('start')
      for await (const said of createInterface(child.stdout)) {
        if (said === 'up' || said === 'open') killAt(said)
        else acknowledged.add(said)
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      strike = null
      if (child.signalCode !== 'SIGKILL') throw new Error(`it ended with ${child.exitCode}`)
    },
    async finish() {
      const journal = await openJournal({ folder })
      proxy = journal.proxy
      const stop = new AbortController()
      const shipping = await victimShip(journal, url, 100_000)
      const running = shipping.run(stop.signal)
      await until(() => shipping.shipped() === journal.state().seq)
      stop.abort()
      await running
      await journal.close()
    },
  }
}

/** Nothing of what measures the test goes along: it would be most of what a start costs. */
function start(task: VictimTask): ChildProcessByStdio<null, Readable, null> {
  const program = join(import.meta.dirname, 'victim.ts')
  return spawn(process.execPath, [program, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { NODE_COMPILE_CACHE: `${task.folder}.compiled` },
  })
}

/** A function that is told what happens, and kills when its moment has come. */
function killer(child: ChildProcess, moment: Moment): (happened: string) => void {
  let left = 'batch' in moment ? moment.nth : 1
  const wanted = 'batch' in moment ? moment.batch : moment.behind
  return happened => {
    if (happened !== wanted) return
    left -= 1
    if (left !== 0) return
    if ('batch' in moment) child.kill('SIGKILL')
    else setTimeout(() => child.kill('SIGKILL'), moment.ms)
  }
}
