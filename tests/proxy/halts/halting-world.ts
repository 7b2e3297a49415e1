import { hash } from 'node:crypto'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Test } from 'tap'
import { joinProxy } from '../../../cli/serve/join-proxy.ts'
import type { ControllerOptions } from '../../../controller/controller.ts'
import { run } from '../../../lifecycle/run.ts'
import { tokens, until, type World, world } from '../../controller/world.ts'
import { RawClient } from '../mcp/raw-client.ts'
import { type SmallServer, smallServer, tool } from '../mcp/small-server.ts'
import { toolServer } from '../mcp/world.ts'

const keyOf = (name: string) => `the-key-of-${name}`
const keys = (name: string) => `apiKeys: [{ name: laptop, sha256: ${hash('sha256', keyOf(name))} }]`

/** Ana and ben own `default`, cleo does not; eve owns `other`. `bot` is ana's. */
const people = `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana }
spec: { roles: [owner], ${keys('ana')} }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ben }
spec: { roles: [owner], ${keys('ben')} }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: cleo }
spec: { ${keys('cleo')} }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: eve, namespace: other }
spec: { roles: [owner], ${keys('eve')} }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot }
spec: { owner: ana, ${keys('bot')} }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: patient }
spec: { approvers: { users: [ben] }, inlineWait: 60s, timeout: 1h }
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: payments }
spec:
  tools:
    - name: pay
      rules: [{ name: ask, action: require_approval, approvalWorkflow: patient }]
    - name: look
      rules: [{ name: go, action: allow }]
`

/** Who asks the API: the admin token, a proxy, or the holder of a key. */
type Asker = 'admin' | 'proxy' | 'ana' | 'ben' | 'cleo' | 'eve' | 'bot'

interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what comes back as it is
  readonly body: any
}

interface HaltingProxy {
  connect(): Promise<RawClient>
  stop(): Promise<void>
}

/** A real controller, a bank, and as many real proxies as a test starts. */
export interface HaltingWorld {
  readonly inner: World
  readonly bank: SmallServer
  readonly url: URL
  proxy(name: string, settings?: { haltWhenAloneMs?: number }): Promise<HaltingProxy>
  ask(as: Asker, method: string, path: string, body?: object): Promise<Answer>
  /** Stops the controller; the returned function starts it again on the same port. */
  stopController(): Promise<() => Promise<void>>
}

export async function haltingWorld(
  t: Test,
  options: Partial<ControllerOptions> = {},
): Promise<HaltingWorld> {
  const inner = await world(t)
  const bank = await smallServer(t, tool('pay'), tool('look'))
  inner.write('world.yaml', [people, toolServer('bank', { url: bank.url })].join('\n---\n'))
  let controller = await inner.startController(options)
  await until(async () => (await inner.get(controller.url, '/readyz')).ok)
  return {
    inner,
    bank,
    get url() {
      return controller.url
    },
    async proxy(name, settings = {}) {
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
        ...settings,
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
      await until(() => joined.upstreams().some(({ state }) => state === 'connected'))
      const at = new URL('/mcp/v1', await joined.listening)
      return { stop: end, connect: () => RawClient.open(at, keyOf('bot')) }
    },
    async ask(as, method, path, body) {
      const token = as === 'admin' || as === 'proxy' ? tokens[as] : keyOf(as)
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const init = { method, headers, ...(body && { body: JSON.stringify(body) }) }
      const answer = await fetch(new URL(`/api/v1${path}`, controller.url), init)
      return { status: answer.status, body: await answer.json().catch(() => null) }
    },
    async stopController() {
      const port = Number(controller.url.port)
      await controller.stop()
      return async () => {
        controller = await inner.startController({ ...options, port })
      }
    },
  }
}
