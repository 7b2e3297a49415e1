import { type ChildProcess, spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { verifier } from '../../records/verify/verifier.ts'
import { tokens, until, type World, world } from '../controller/world.ts'
import { flawsIn, noFlaws } from './kills/flaws-in.ts'
import { RawClient } from './mcp/raw-client.ts'
import { smallServer, tool } from './mcp/small-server.ts'
import { allowAll, toolServer } from './mcp/world.ts'

/** How often the proxy is killed; `WRIT_KILLS` tells how often in a thousand. */
const rounds = Math.ceil(Number(process.env.WRIT_KILLS ?? 300) / 50)

const key = 'the-key-of-the-bot'
const agent = `
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot }
spec: { kind: test, apiKeys: [{ name: laptop, sha256: ${hash('sha256', key)} }] }
`

interface Running {
  readonly child: ChildProcess
  readonly url: URL
}

/** The whole of `writ proxy`, as a process of its own. */
async function startProxy(w: World, controller: URL): Promise<Running> {
  const program = resolve(import.meta.dirname, '../../cli/main.ts')
  const data = join(w.root, 'killed')
  const told = ['--controller', controller.href, '--data', data, '--port', '0', '--output', 'json']
  const child = spawn(process.execPath, [program, 'proxy', ...told], {
    env: { PATH: process.env.PATH, WRIT_PROXY_TOKEN: tokens.proxy },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return { child, url: new URL('/mcp/v1', JSON.parse(String(line)).proxy) }
}

/** Whether the proxy knows its agents and has reached the tool server. */
async function serves(url: URL): Promise<boolean> {
  const { result } = await (await RawClient.open(url, key)).ask('tools/list')
  return JSON.stringify(result ?? null).includes('"read"')
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** Four clients call as fast as they are answered, until nobody answers; returns what was answered. */
async function callUntilKilled(url: URL, name: string, answered: Set<string>): Promise<void> {
  const client = async (c: number) => {
    const client = await RawClient.open(url, key)
    for (let i = 0; ; i += 1) {
      const path = `${name}-${c}-${i}`
      const { result } = await client.call('read', { path })
      if (result !== undefined && !result.isError) answered.add(path)
    }
  }
  await Promise.allSettled([0, 1, 2, 3].map(client))
}

async function recorded(w: World, url: URL, form: string): Promise<string[]> {
  const body = await (await w.get(url, `/api/v1/audit/export?form=${form}`)).text()
  return body.split('\n').filter(Boolean)
}

t.test(
  `a proxy under load is killed ${rounds} times, and every answered call is on record`,
  async t => {
    const w = await world(t)
    const server = await smallServer(t, tool('read'))
    w.write(
      'world.yaml',
      [agent, allowAll, toolServer('files', { url: server.url })].join('\n---\n'),
    )
    const { url } = await w.startController()
    const answered = new Set<string>()
    for (let round = 0; round < rounds; round += 1) {
      const proxy = await startProxy(w, url)
      t.teardown(() => proxy.child.kill('SIGKILL'))
      await until(() => serves(proxy.url))
      const calling = callUntilKilled(proxy.url, String(round), answered)
      setTimeout(() => proxy.child.kill('SIGKILL'), Math.random() * 300)
      await once(proxy.child, 'exit')
      await calling
    }
    const last = await startProxy(w, url)
    t.teardown(() => last.child.kill('SIGKILL'))
    const state = async () => Object(await (await w.get(url, '/api/v1/proxies')).json()).proxies[0]
    await until(async () => {
      const { seq, shipped } = (await state())?.report.journal ?? { seq: -1, shipped: 0 }
      return seq === shipped && seq >= answered.size * 2
    })
    await kill(last.child)
    const lines = await recorded(w, url, 'entries')
    t.comment(`${answered.size} calls answered, ${lines.length} entries`)
    const pathOf = ({ args }: { args?: unknown }) => String(Object(args).path)
    t.strictSame(flawsIn(lines, answered, pathOf), noFlaws)
    const check = verifier()
    for (const line of await recorded(w, url, 'proof')) check.take(Buffer.from(line))
    const { flaws, chains } = check.end()
    t.strictSame(flaws, [])
    t.equal(chains.length, 1)
  },
)
