import { hash } from 'node:crypto'
import type { Registry } from 'prom-client'
import { compile } from '../../../policy/compile/compile.ts'
import type { LoadedTable } from '../../../policy/decide/load.ts'
import { load } from '../../../policy/decide/load.ts'
import type { Budgets } from '../../../proxy/budgets/budgets.ts'
import type { Halts } from '../../../proxy/halts/halts.ts'
import type {
  Caller,
  Journal,
  NewEntry,
  Questions,
  Secrets,
  Tables,
} from '../../../proxy/mcp/needs.ts'
import type { Logins } from '../../../proxy/mcp/upstream/oauth/login.ts'
import { createProxy } from '../../../proxy/proxy.ts'
import type { CallTraces } from '../../../proxy/telemetry/call-trace.ts'
import type { UpstreamReport } from '../../../schemas/proxy-report.ts'

/** Something that can tell when a test is over. */
export interface Test {
  teardown(handler: () => unknown): void
}

export const keys = { claude: 'key-of-claude', other: 'key-of-other' } as const

const agents = `
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: claude, namespace: default }
spec: { kind: claude-code, labels: { team: web }, apiKeys: [{ name: laptop, sha256: ${hash('sha256', keys.claude)} }] }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: other, namespace: default }
spec: { kind: codex, apiKeys: [{ name: ci, sha256: ${hash('sha256', keys.other)} }] }
`

/** A policy that allows everything a server may offer. */
export const allowAll = `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: allow-all }
spec:
  tools: [{ name: "*", rules: [{ action: allow }] }]
  resources: [{ uri: "*", rules: [{ action: allow }] }]
  prompts: [{ name: "*", rules: [{ action: allow }] }]
`

/** A ToolServer document. */
export function toolServer(name: string, spec: object): string {
  const metadata = { name }
  return JSON.stringify({ apiVersion: 'writ.dev/v1alpha1', kind: 'ToolServer', metadata, spec })
}

/** Tables in memory that a test replaces as it likes. */
class MemoryTables implements Tables {
  #table: LoadedTable | null = null
  readonly #listeners = new Set<(namespace: string) => void>()
  revoked = new Set<string>()

  put(...documents: string[]): void {
    const text = [agents, ...documents].join('\n---\n')
    const { problems, tables } = compile([{ path: 'policies.yaml', text }])
    const compiled = tables?.get('default')
    if (compiled === undefined) throw new Error(JSON.stringify(problems, null, 2))
    this.#table = load(compiled.json)
    for (const listener of this.#listeners) listener('default')
  }

  /** As if there had never been a table. */
  clear(): void {
    this.#table = null
  }

  caller(sha256: string): Caller | null {
    if (this.revoked.has(sha256)) return null
    for (const agent of this.#table?.table.agents ?? []) {
      const key = agent.apiKeys.find(apiKey => apiKey.sha256 === sha256)
      if (key !== undefined) return { namespace: 'default', agent, apiKey: key.name }
    }
    return null
  }

  current(namespace: string): LoadedTable | null {
    return namespace === 'default' ? this.#table : null
  }

  enforced(): Record<string, string> {
    return this.#table === null ? {} : { default: this.#table.digest }
  }

  subscribe(listener: (namespace: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** A journal in memory that can be broken. */
export class MemoryJournal implements Journal {
  readonly entries: NewEntry[] = []
  broken: (entry: NewEntry) => boolean = () => false

  write(texts: readonly string[]): void {
    const entries: NewEntry[] = texts.map(text => JSON.parse(text))
    if (entries.some(this.broken)) throw new Error('the disk is full')
    this.entries.push(...entries)
  }

  /** Phase, action, reason and status of every entry. */
  get story(): string[] {
    return this.entries.map(({ phase, action, reason, status, tool, uri, prompt }) =>
      [tool ?? uri ?? prompt, phase, action, reason, ...(status ? [status] : [])].join(' '),
    )
  }
}

export interface World {
  readonly url: URL
  readonly tables: MemoryTables
  readonly journal: MemoryJournal
  readonly logged: [string, object, string][]
  reports: readonly UpstreamReport[]
  /** Resolves when all servers are connected. */
  connected(): Promise<void>
}

export interface WorldOptions {
  readonly secrets?: Secrets
  readonly logins?: Logins
  readonly budgets?: Budgets
  readonly allowedHosts?: string[]
  readonly early?: boolean
  readonly traces?: CallTraces
  readonly registry?: Registry
  readonly questions?: Questions
  readonly halts?: Halts
}

/** A proxy on a free port with these documents in force. */
export async function world(
  t: Test,
  documents: readonly string[],
  options: WorldOptions = {},
): Promise<World> {
  const tables = new MemoryTables()
  const journal = new MemoryJournal()
  const logged: World['logged'] = []
  const note = (level: string) => (fields: object, message: string) =>
    void logged.push([level, fields, message])
  const log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
  const stop = new AbortController()
  const waiting = new Set<() => void>()
  const made: World = {
    url: new URL('http://127.0.0.1'),
    tables,
    journal,
    logged,
    reports: [],
    connected: () =>
      new Promise(resolve => {
        const check = () => {
          if (made.reports.some(({ state }) => state !== 'connected')) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
  }
  const proxy = createProxy({
    port: 0,
    tables,
    journal,
    secrets: options.secrets ?? (async () => null),
    report: reports => {
      made.reports = reports
      for (const check of waiting) check()
    },
    log,
    ...(options.logins ? { logins: options.logins } : {}),
    ...(options.budgets ? { budgets: options.budgets } : {}),
    ...(options.traces ? { traces: options.traces } : {}),
    ...(options.questions ? { questions: options.questions } : {}),
    ...(options.halts ? { halts: options.halts } : {}),
    ...(options.registry ? { registry: options.registry } : {}),
    ...(options.allowedHosts ? { allowedHosts: options.allowedHosts } : {}),
  })
  if (options.early) tables.put(...documents)
  const running = proxy.run(stop.signal)
  t.teardown(async () => {
    stop.abort()
    await running
  })
  const base = await proxy.listening
  if (!options.early) tables.put(...documents)
  return Object.assign(made, { url: new URL('/mcp/v1', base) })
}
