import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { Client } from 'pg'
import { StoredBudgets } from '../controller/budgets/stored-budgets.ts'
import { keepCoverage } from '../controller/coverage/keep-coverage.ts'
import type { Filter } from '../controller/ledger/filter.ts'
import { Ledger } from '../controller/ledger/ledger.ts'
import { settleAll } from '../controller/ledger/settle-all.ts'
import { openStore, type Store } from '../controller/store/open-store.ts'
import { genesisOf } from '../records/chain.ts'
import { nextBatch, type RecordLoad, type WritingProxy, writingProxy } from './records-lines.ts'

/** What a ledger of many entries costs. */
export interface RecordCosts {
  /** Entries that were there before. */
  readonly found: number
  readonly added: number
  /** Entries a second; 0 when all were there. */
  readonly rate: number
  readonly sizes: readonly { readonly what: string; readonly bytesAnEntry: number }[]
  readonly pages: readonly PageCost[]
}

/** Milliseconds for a page of a hundred entries. */
interface PageCost {
  readonly filter: string
  readonly shown: number
  readonly p50: number
  readonly p95: number
  readonly most: number
}

const dayMs = 86_400_000
const days = 30
const proxies = 20
const perBatch = 500
const atOnce = 4

/** Fills a ledger with so many entries of thirty days, as far as it is not, and asks it for pages. */
export async function records(rows: number, say: (text: string) => void): Promise<RecordCosts> {
  const folder = process.env.WRIT_BENCH_DATA ?? join(tmpdir(), 'writ-bench-records')
  const { load, url, stop } = await prepared(folder, rows)
  try {
    const store = await openStore({ folder: '', databaseUrl: url })
    try {
      const filled = await fill(store, load, say)
      if (filled.added > 0) await vacuumed(url)
      const sizes = await sizesOf(store, rows)
      return { ...filled, sizes, pages: await pages(store, load, say) }
    } finally {
      await store.close()
    }
  } finally {
    await stop()
  }
}

/** PostgreSQL refuses to run as root, and so runs as nobody then. */
const nobody = 65_534

async function prepared(folder: string, rows: number) {
  mkdirSync(folder, { recursive: true })
  const asNobody = process.getuid?.() === 0
  if (asNobody) chownSync(folder, nobody, nobody)
  const file = join(folder, 'began')
  const today = Math.floor(Date.now() / dayMs) * dayMs
  if (!existsSync(file)) writeFileSync(file, String(today + dayMs))
  const to = Number(readFileSync(file, 'utf8'))
  const load: RecordLoad = { proxies, entries: rows / proxies, from: to - days * dayMs, to }
  const port = await freePort()
  const args = [join(import.meta.dirname, 'records-server.ts'), join(folder, 'pg'), String(port)]
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(asNobody && { uid: nobody, gid: nobody }),
  })
  const ended = once(child, 'exit')
  await Promise.race([once(child.stdout, 'data'), ended])
  if (child.exitCode !== null) throw new Error('no PostgreSQL runs here')
  return {
    load,
    url: `postgres://writ:writ@127.0.0.1:${port}/postgres`,
    async stop() {
      child.stdin.end()
      await ended
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function fill({ db }: Store, load: RecordLoad, say: (text: string) => void) {
  const now = Date.now
  const onFailure = (error: unknown) => {
    throw error
  }
  const budgets = new StoredBudgets({ db, now, onIncident: () => undefined })
  const settling = settleAll([budgets, keepCoverage({ db, now, onFailure })])
  const ledger = new Ledger(db, { settling, now })
  const heads = new Map(
    (await db.selectFrom('chain_heads').select(['proxy', 'seq', 'link']).execute()).map(head => [
      head.proxy,
      head,
    ]),
  )
  const writing = Array.from({ length: load.proxies }, (_, i) => {
    const { seq = 0, link } = heads.get(writingProxy(i, 0, '').id) ?? {}
    const proxy = writingProxy(i, seq, '')
    return { ...proxy, link: link ?? genesisOf(proxy.id) }
  })
  const found = writing.reduce((sum, { seq }) => sum + seq, 0)
  const total = load.entries * load.proxies
  const began = performance.now()
  let added = 0
  let told = began
  let toldAt = 0
  let making = 0
  const one = async (proxy: WritingProxy, index: number) => {
    const count = Math.min(perBatch, load.entries - proxy.seq)
    const before = performance.now()
    const batch = nextBatch(load, index, proxy, count)
    making += performance.now() - before
    await ledger.append(batch)
    added += count
    if (performance.now() - told < 5000) return
    const rate = (added - toldAt) / ((performance.now() - told) / 1000)
    say(
      `${(found + added).toLocaleString('en')} of ${total.toLocaleString('en')}, ${rate.toFixed(0)}/s`,
    )
    told = performance.now()
    toldAt = added
  }
  // Proxies write at the same time: the one that is furthest behind is next.
  const workers = Array.from({ length: atOnce }, async (_, worker) => {
    const own = writing
      .map((proxy, index) => ({ proxy, index }))
      .filter(({ index }) => index % atOnce === worker)
    for (;;) {
      const next = own.toSorted((a, b) => a.proxy.seq - b.proxy.seq)[0]
      if (next === undefined || next.proxy.seq >= load.entries) return
      await one(next.proxy, next.index)
    }
  })
  await Promise.all(workers)
  const seconds = (performance.now() - began - making) / 1000
  return { found, added, rate: added === 0 ? 0 : added / seconds }
}

/** As autovacuum does by itself, a while after entries came. */
async function vacuumed(url: string): Promise<void> {
  const client = new Client(url)
  await client.connect()
  await client.query('vacuum analyze')
  await client.end()
}

async function sizesOf({ db }: Store, rows: number): Promise<RecordCosts['sizes']> {
  const { rows: found } = await sql<{ what: string; bytes: number }>`
    select regexp_replace(c.relname, '_?[0-9]{8}', '') as what,
      sum(pg_relation_size(c.oid) + case when c.relkind = 'r' and c.reltoastrelid <> 0
        then pg_total_relation_size(c.reltoastrelid) else 0 end)::float8 as bytes
    from pg_class c
    where c.relname ~ '^(records|usage)' and c.relkind in ('r', 'i')
    group by 1 having sum(pg_relation_size(c.oid)) > 1000000 order by 2 desc`.execute(db)
  return found.map(({ what, bytes }) => ({ what, bytesAnEntry: bytes / rows }))
}

const filters: Readonly<Record<string, Omit<Filter, 'order'>>> = {
  all: { words: {} },
  proxy: { words: { proxy: 'proxy-007' } },
  'phase attempt': { words: { phase: 'attempt' } },
  call: { words: { call: '00000007-0000-4000-8000-000000001000' } },
  'namespace, frequent': { words: { namespace: 'team-0' } },
  'namespace, rare': { words: { namespace: 'team-9' } },
  'agent, frequent': { words: { agent: 'agent-0' } },
  'agent, rare': { words: { agent: 'agent-199' } },
  apiKey: { words: { apiKey: 'key-100' } },
  user: { words: { user: 'ana' } },
  session: { words: { session: 's-7-100' } },
  'kind model': { words: { kind: 'model' } },
  server: { words: { server: 'server-19' } },
  'tool, frequent': { words: { tool: 'tool_0' } },
  'tool, rare': { words: { tool: 'wipe_disk' } },
  'tool, never': { words: { tool: 'nothing' } },
  model: { words: { model: 'model-11' } },
  'uri, never': { words: { uri: 'file:///x' } },
  'prompt, never': { words: { prompt: 'x' } },
  'action deny': { words: { action: 'deny' } },
  'action require_approval': { words: { action: 'require_approval' } },
  'reason unmatched': { words: { reason: 'unmatched' } },
  policy: { words: { policy: 'policy-39' } },
  rule: { words: { rule: 'rule-8' } },
  commit: { words: { commit: '00000001c0ffeec0ffeec0ffeec0ffeec0ffee00' } },
  table: { words: { table: `sha256:${'1'.padStart(64, '0')}` } },
  approval: { words: { approval: 'ask-7-1000' } },
  'status failed': { words: { status: 'failed' } },
  'status succeeded': { words: { status: 'succeeded' } },
  provider: { words: { provider: 'vendor-3' } },
  'requestedModel, never': { words: { requestedModel: 'x' } },
  'upstreamStatus 502': { words: { upstreamStatus: '502' } },
  'endpoint, never': { words: { endpoint: '/v1/x' } },
  error: { words: {}, error: true },
  'no error': { words: {}, error: false },
  'cost, large': { words: {}, costMicroUsd: { min: 200_000 } },
  'cost, any': { words: {}, costMicroUsd: { min: 1 } },
  'duration, long': { words: {}, durationMs: { min: 9000 } },
  'duration, any': { words: {}, durationMs: { min: 1 } },
  'text, frequent': { words: {}, text: 'order' },
  'text, two frequent': { words: {}, text: 'order ana' },
  'text, id': { words: {}, text: '1234567' },
  'text, path': { words: {}, text: '/srv/reports/2026/123*' },
  'text, mail': { words: {}, text: 'ida.101@example.com' },
  'text, never': { words: {}, text: 'nothing' },
  'agent and action': { words: { agent: 'agent-0', action: 'deny' } },
  'rare agent and action': { words: { agent: 'agent-150', action: 'deny' } },
  'tool and namespace': { words: { tool: 'tool_0', namespace: 'team-0' } },
  'two that exclude each other': { words: { kind: 'model', phase: 'attempt', status: 'failed' } },
  'model and server': { words: { kind: 'model', server: 'server-0' } },
  'agent elsewhere': { words: { agent: 'agent-0', namespace: 'team-1' } },
  'agent and text': { words: { agent: 'agent-3' }, text: 'invoice' },
  'failed and long': { words: { status: 'failed' }, durationMs: { min: 1000 } },
}

const pagesEach = Number(process.env.WRIT_BENCH_PAGES ?? 20)

/** Half of the pages are first ones; the others begin anywhere. Of `week` only those of seven days are looked at. */
async function pages({ db }: Store, load: RecordLoad, say: (text: string) => void) {
  const ledger = new Ledger(db)
  const costs: PageCost[] = []
  const since = load.from + 10 * dayMs
  const all = Object.entries(filters).flatMap(([name, filter]) => [
    { name, filter },
    ...(name === 'all' || name === 'agent, rare' || name === 'text, frequent'
      ? [{ name: `${name}, a week`, filter: { ...filter, since, until: since + 7 * dayMs } }]
      : []),
  ])
  for (const { name, filter } of all) {
    const times: number[] = []
    let shown = 0
    for (let i = 0; i < pagesEach; i += 1) {
      const time = load.from + Math.floor((((i * 7919) % 1000) / 1000) * (load.to - load.from))
      const after = i % 2 === 0 ? null : { time, proxy: 'proxy-010', seq: 1 }
      const order = i % 4 === 3 ? 'oldest' : 'newest'
      const before = performance.now()
      const { entries } = await ledger.list({ ...filter, order }, after, 100)
      times.push(performance.now() - before)
      shown = Math.max(shown, entries.length)
    }
    times.sort((a, b) => a - b)
    const at = (share: number) =>
      times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
    costs.push({ filter: name, shown, p50: at(0.5), p95: at(0.95), most: at(1) })
    say(`${name}: ${at(0.5).toFixed(1)} ms, p95 ${at(0.95).toFixed(1)} ms`)
  }
  return costs
}
