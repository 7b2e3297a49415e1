import { hash } from 'node:crypto'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pino } from 'pino'
import type { Test } from 'tap'
import { joinProxy } from '../../../cli/serve/join-proxy.ts'
import { type Policies, replay } from '../../../controller/replay/replay.ts'
import { run } from '../../../lifecycle/run.ts'
import { compile } from '../../../policy/compile/compile.ts'
import type { Replay } from '../../../schemas/replay.ts'
import { RawClient } from '../../proxy/mcp/raw-client.ts'
import { smallServer, tool } from '../../proxy/mcp/small-server.ts'
import { tokens, until, world } from '../world.ts'

const key = 'the-key-of-the-bot'
const personKey = 'the-key-of-ana'

/** Who calls, who is asked, and models that answer in fixed words. */
export const people = `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana }
spec: { roles: [owner], apiKeys: [{ name: laptop, sha256: ${hash('sha256', personKey)} }] }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ben }
spec: {}
---
apiVersion: writ.dev/v1alpha1
kind: Team
metadata: { name: leads }
spec: { members: [ana, ben] }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: leads }
spec: { approvers: { teams: [leads] }, mode: async, timeout: 1h }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot }
spec: { kind: test, labels: { team: web }, apiKeys: [{ name: laptop, sha256: ${hash('sha256', key)} }] }
---
apiVersion: writ.dev/v1alpha1
kind: ModelProvider
metadata: { name: played }
spec:
  protocol: scripted
  models:
    - { name: small, price: { input: "100", output: "300" } }
    - { name: large, price: { input: "1000", output: "5000" } }
`

/** A document of a kind. */
export function document(kind: string, name: string, spec: object): string {
  return JSON.stringify({ apiVersion: 'writ.dev/v1alpha1', kind, metadata: { name }, spec })
}

/** Policies out of documents, as they are compiled. */
export function policiesOf(...documents: readonly string[]): Policies {
  const { tables, directories, problems } = compile([
    { path: 'policies.yaml', text: documents.join('\n---\n') },
  ])
  if (tables === null) throw new Error(JSON.stringify(problems, null, 2))
  return { tables: new Map([...tables].map(([name, { json }]) => [name, json])), directories }
}

/** What lines come to under policies. */
export function replayed(
  lines: string,
  after: Policies,
  before: Policies | null = null,
  more: { readonly since?: number; readonly onlyKnown?: boolean } = {},
): Promise<Replay> {
  const question = { lines: Readable.from([lines]), after, before, ...more }
  return replay(question, { signal: new AbortController().signal })
}

/** A counter as the controller says it stands. */
interface Standing {
  readonly budget: string
  readonly counter: string
  readonly window: string
  readonly spent: number
}

/** A real controller and a real proxy, with what they recorded. */
export interface RecordedWorld {
  /** Where the controller is. */
  readonly url: URL
  connect(): Promise<RawClient>
  /** Asks a model; the status of the answer. */
  chat(model: string, text: string): Promise<number>
  /** Approves what waits. */
  approve(): Promise<void>
  /** Every entry, once the ledger has so many. */
  records(count: number): Promise<string>
  counters(): Promise<readonly Standing[]>
  /** What is answered to the admin at a path of the API. */
  api(path: string): Promise<Response>
  /** Writes the policies anew, and waits until the proxy has them. */
  rewrite(...documents: readonly string[]): Promise<void>
  readonly policies: Policies
}

export async function recordedWorld(
  t: Test,
  ...documents: readonly string[]
): Promise<RecordedWorld> {
  const inner = await world(t)
  const server = await smallServer(t, tool('pay'), tool('look'), tool('ask'))
  const bank = document('ToolServer', 'bank', { url: server.url })
  const all = [people, bank, ...documents]
  inner.write('world.yaml', all.join('\n---\n'))
  const { url } = await inner.startController()
  const joined = await joinProxy({
    host: '127.0.0.1',
    allowedHosts: [],
    port: 0,
    durability: 'batched',
    chainKeyDays: 30,
    folder: join(inner.root, 'proxy'),
    controllerUrl: url.href,
    controllerToken: tokens.proxy,
    root: inner.root,
    secrets: async () => null,
    log: pino({ level: 'silent' }),
  })
  const stop = new AbortController()
  const running = run(joined.services, stop.signal)
  t.teardown(async () => {
    stop.abort()
    await running
    await joined.close()
  })
  await until(() => joined.upstreams().some(({ state }) => state === 'connected'))
  const proxy = await joined.listening
  const api = async (path: string) => (await inner.get(url, path)).json() as Promise<object>
  const lines = async () => (await inner.get(url, '/api/v1/audit/export?form=entries')).text()
  return {
    url,
    policies: policiesOf(...all),
    connect: () => RawClient.open(new URL('/mcp/v1', proxy), key),
    async chat(model, text) {
      const answer = await fetch(new URL('/openai/v1/chat/completions', proxy), {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model, messages: [{ role: 'user', content: text }] }),
      })
      await answer.text()
      return answer.status
    },
    async approve() {
      const { requests } = Object(await api('/api/v1/approval-requests?state=pending'))
      for (const { id } of requests) {
        const answer = await fetch(new URL(`/api/v1/approval-requests/${id}/approve`, url), {
          method: 'POST',
          headers: { authorization: `Bearer ${personKey}`, 'content-type': 'application/json' },
          body: '{}',
        })
        if (!answer.ok) throw new Error(await answer.text())
      }
    },
    api: path => inner.get(url, path),
    async rewrite(...documents) {
      const before = joined.tables.enforced().default
      inner.write('world.yaml', [people, bank, ...documents].join('\n---\n'))
      await until(() => joined.tables.enforced().default !== before)
    },
    async records(count) {
      await until(async () => (await lines()).split('\n').length > count)
      return lines()
    },
    async counters() {
      const { counters } = Object(await api('/api/v1/budgets'))
      return counters.map(({ budget, counter, window, spent }: Standing) => ({
        ...{ budget, counter, window, spent },
      }))
    },
  }
}
