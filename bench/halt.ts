import { type ChildProcess, fork } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { createController } from '../controller/controller.ts'
import { start } from './child.ts'
import type { ProxySaid } from './halt-proxies.ts'

/** How many proxies there are, in how many processes, and how often they are halted. */
export interface HaltCase {
  readonly proxies: number
  readonly processes: number
  readonly rounds: number
}

/** How long it took, in ms from the request to each proxy's first call that was refused, or was let through again. */
export interface HaltCost {
  readonly what: 'halt' | 'lift'
  readonly p50: number
  readonly p99: number
  readonly worst: number
}

/** A PostgreSQL in place of the embedded database. */
const databaseUrl = process.env.WRIT_DATABASE_URL

const key = 'the-key-of-the-bench'
const tokens = { admin: 'the-token-of-the-bench', proxy: 'the-token-of-its-proxies' }

/** Halts real proxies whose agents call all the time, through the API, and lets them go on. */
export async function halting({
  proxies,
  processes,
  rounds,
}: HaltCase): Promise<readonly HaltCost[]> {
  const root = mkdtempSync(join(tmpdir(), 'writ-halt-'))
  await using upstream = await start('./upstream.ts', [])
  const stop = new AbortController()
  const controller = controllerIn(root, upstream.url)
  const running = controller.run(stop.signal)
  const url = await controller.listening
  const names = Array.from({ length: proxies }, (_, i) => `proxy-${i}`)
  const watched = new Watched(names)
  const children = Array.from({ length: processes }, (_, i) => {
    const own = names.filter((_, j) => j % processes === i)
    return watched.child([url.href, tokens.proxy, key, join(root, 'proxies'), own.join()])
  })
  const post = async (path: string, body: object) => {
    const headers = { authorization: `Bearer ${tokens.admin}`, 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    return Object(await (await fetch(new URL(path, url), init)).json())
  }
  try {
    await watched.all(false)
    const halts: number[] = []
    const lifts: number[] = []
    for (let round = 0; round < rounds; round++) {
      let began = performance.timeOrigin + performance.now()
      const { id } = await post('/api/v1/halts', { reason: 'bench' })
      halts.push(...(await watched.all(true)).map(at => at - began))
      await after(500)
      began = performance.timeOrigin + performance.now()
      await post(`/api/v1/halts/${id}/lift`, { reason: 'bench' })
      lifts.push(...(await watched.all(false)).map(at => at - began))
      await after(500)
    }
    return [cost('halt', halts), cost('lift', lifts)]
  } finally {
    for (const child of children) child.kill('SIGKILL')
    stop.abort()
    await running
    rmSync(root, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** What the proxies said last. */
class Watched {
  readonly #names: readonly string[]
  readonly #last = new Map<string, ProxySaid>()
  #wake = Promise.withResolvers<void>()

  constructor(names: readonly string[]) {
    this.#names = names
  }

  child(args: readonly string[]): ChildProcess {
    const child = fork(new URL('./halt-proxies.ts', import.meta.url), args, { stdio: 'inherit' })
    child.on('message', message => {
      const said = message as ProxySaid
      this.#last.set(said.proxy, said)
      this.#wake.resolve()
    })
    return child
  }

  /** When each of them was first seen so, once all are. */
  async all(halted: boolean): Promise<readonly number[]> {
    for (;;) {
      this.#wake = Promise.withResolvers()
      const said = this.#names.flatMap(name => this.#last.get(name) ?? [])
      if (said.length === this.#names.length && said.every(one => one.halted === halted)) {
        return said.map(({ at }) => at)
      }
      await this.#wake.promise
    }
  }
}

function controllerIn(root: string, upstream: string) {
  const policies = join(root, 'policies')
  mkdirSync(policies)
  writeFileSync(join(policies, 'bench.yaml'), documents(upstream))
  const silent = () => undefined
  return createController({
    ...{ host: '127.0.0.1', port: 0, dataFolder: join(root, 'controller'), source: policies },
    ...{ tokens, version: 'bench', log: { info: silent, warn: silent, error: silent } },
    ...(databaseUrl !== undefined && { databaseUrl }),
  })
}

function documents(upstream: string): string {
  return `
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bench }
spec: { apiKeys: [{ name: bench, sha256: ${hash('sha256', key)} }] }
---
apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: upstream }
spec: { url: ${JSON.stringify(upstream)} }
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: all }
spec: { tools: [{ name: "*", rules: [{ action: allow }] }] }
`
}

function cost(what: HaltCost['what'], times: readonly number[]): HaltCost {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN
  return { what, p50: at(0.5), p99: at(0.99), worst: at(1) }
}
