import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pino } from 'pino'
import type { Test } from 'tap'
import { joinProxy } from '../../../cli/serve/join-proxy.ts'
import { run } from '../../../lifecycle/run.ts'
import type { ApprovalRequest } from '../../../schemas/approval.ts'
import { tokens, until, world } from '../../controller/world.ts'
import { RawClient } from '../mcp/raw-client.ts'
import { type SmallServer, smallServer, tool } from '../mcp/small-server.ts'
import { allowAll, toolServer } from '../mcp/world.ts'

const key = 'the-key-of-the-bot'
const personKey = 'the-key-of-ana'

const people = `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana }
spec: { roles: [owner], apiKeys: [{ name: laptop, sha256: ${hash('sha256', personKey)} }] }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot }
spec: { kind: test, apiKeys: [{ name: laptop, sha256: ${hash('sha256', key)} }] }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: patient }
spec: { approvers: { users: [ana] }, inlineWait: 30s, timeout: 1h }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: at-once }
spec: { approvers: { users: [ana] }, mode: async, timeout: 1h }
`

/** A Budget document. */
export function budgetOf(name: string, spec: object): string {
  const metadata = { name }
  return JSON.stringify({ apiVersion: 'writ.dev/v1alpha1', kind: 'Budget', metadata, spec })
}

/** How a counter stands at the controller. */
interface Standing {
  readonly budget: string
  readonly counter: string
  readonly limit: number
  readonly spent: number
  readonly reserved: number
}

interface PayingProxy {
  connect(): Promise<RawClient>
  /** Stops as at a signal. */
  stop(): Promise<void>
}

interface ChildProxy {
  connect(): Promise<RawClient>
  /** Ends it at once. */
  kill(): Promise<void>
}

/** A real controller, a tool server, and proxies whose calls budgets pay for. */
export interface PayingWorld {
  readonly server: SmallServer
  /** Address of the controller now. */
  readonly url: URL
  /** Starts a proxy; one of the same name goes on with its journal. */
  proxy(name?: string): Promise<PayingProxy>
  /** Starts a proxy as a process of its own. */
  child(name?: string): Promise<ChildProxy>
  /** Replaces the budgets, and waits until every proxy that runs enforces them. */
  enact(...budgets: string[]): Promise<void>
  counters(): Promise<readonly Standing[]>
  /** How often the server was called. */
  readonly calls: number
  /** Ends the controller and starts it again on the same port when the returned function is called. */
  stopController(): Promise<() => Promise<void>>
  requests(): Promise<readonly ApprovalRequest[]>
  answer(verb: 'approve' | 'decline', id: string): Promise<number>
}

export async function payingWorld(t: Test, ...budgets: string[]): Promise<PayingWorld> {
  const inner = await world(t)
  const server = await smallServer(t, tool('pay'), tool('look'))
  const documents = [people, allowAll, toolServer('bank', { url: server.url })]
  inner.write('world.yaml', documents.join('\n---\n'))
  inner.write('budgets.yaml', budgets.join('\n---\n'))
  let controller = await inner.startController()
  const tablesOf: (() => string | undefined)[] = []
  const api = async (path: string, token: string = tokens.admin, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const answer = await fetch(new URL(path, controller.url), { ...init, headers })
    return { status: answer.status, body: Object(await answer.json().catch(() => ({}))) }
  }
  const made: PayingWorld = {
    server,
    get url() {
      return controller.url
    },
    async proxy(name = 'proxy') {
      const joined = await joinProxy({
        host: '127.0.0.1',
        allowedHosts: [],
        port: 0,
        durability: 'batched',
        chainKeyDays: 30,
        folder: join(inner.root, name),
        controllerUrl: controller.url.href,
        controllerToken: tokens.proxy,
        root: inner.root,
        secrets: async () => null,
        log: pino({ level: 'silent' }),
      })
      const stop = new AbortController()
      const running = run(joined.services, stop.signal)
      let stopping: Promise<void> | null = null
      const end = () => {
        stop.abort()
        stopping ??= running.then(() => joined.close())
        return stopping
      }
      t.teardown(end)
      tablesOf.push(() => (stopping === null ? joined.tables.enforced().default : undefined))
      await until(() => joined.upstreams().some(({ state }) => state === 'connected'))
      const url = new URL('/mcp/v1', await joined.listening)
      return { stop: end, connect: () => RawClient.open(url, key) }
    },
    async child(name = 'proxy') {
      const folder = join(inner.root, name)
      const where = ['--controller', controller.url.href, '--data', folder, '--port', '0']
      const program = resolve(import.meta.dirname, '../../../cli/main.ts')
      const child = spawn(process.execPath, [program, 'proxy', ...where, '--output', 'json'], {
        env: { ...process.env, WRIT_PROXY_TOKEN: tokens.proxy },
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      const kill = async () => {
        if (child.exitCode !== null || child.signalCode !== null) return
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      t.teardown(kill)
      const [line] = await once(createInterface({ input: child.stdout }), 'line')
      const url = new URL('/mcp/v1', JSON.parse(String(line)).proxy)
      return { kill, connect: () => RawClient.open(url, key) }
    },
    async enact(...next) {
      const before = tablesOf.map(digest => digest())
      inner.write('budgets.yaml', next.join('\n---\n'))
      await until(() =>
        tablesOf.every((digest, i) => digest() === undefined || digest() !== before[i]),
      )
    },
    async counters() {
      const { body } = await api('/api/v1/budgets')
      return body.counters.map(({ budget, counter, limit, spent, reserved }: Standing) => ({
        ...{ budget, counter, limit, spent, reserved },
      }))
    },
    get calls() {
      return server.heard.filter(({ method }) => method === 'tools/call').length
    },
    async stopController() {
      const port = Number(controller.url.port)
      await controller.stop()
      return async () => {
        controller = await inner.startController({ port })
      }
    },
    async requests() {
      return (await api('/api/v1/approval-requests')).body.requests
    },
    async answer(verb, id) {
      const path = `/api/v1/approval-requests/${id}/${verb}`
      return (await api(path, personKey, { method: 'POST', body: '{}' })).status
    },
  }
  return made
}
