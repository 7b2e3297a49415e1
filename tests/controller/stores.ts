import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { Client } from 'pg'
import type { Test } from 'tap'
import { openStore, type Store } from '../../controller/store/open-store.ts'

/** A kind of store; `open` opens an empty one, `again` the one that was opened last. */
export interface StoreKind {
  readonly name: string
  open(t: Test): Promise<Store>
  again(t: Test): Promise<Store>
  /** URL of the store that `empty` opens; none for an embedded one. */
  readonly url?: string
  /** One store for many tests, emptied for each. */
  empty(): Promise<Store>
}

async function emptied(store: Store): Promise<Store> {
  await sql`
    truncate records, record_counts, record_gaps, chain_heads, chain_flaws, chain_keys, chain_seals, pruned_ranges, checkpoints, checkpoint_keys, checkpoint_heads, checkpoint_copies, releases, tables, proxies, proxy_names, directories, approval_requests,
      approval_votes, approval_events, approval_links, approval_notifications, approval_grants,
      approval_grant_uses, approval_judgements, push_subscriptions, usage, budget_charges,
      budget_counters, budget_leases, budget_runs, usage_days, usage_sessions, fences, controllers,
      kubernetes_objects, applied_sources, applied_objects, forge_deliveries, forge_looks, reviews, review_votes, review_events, commit_reviews, admitted_sources,
      overrides, override_events, halts, halt_events, release_steps, commits, chat_commands, review_turns, coverage_days, coverage_starts, accounts, account_sessions, account_links`.execute(
    store.db,
  )
  return store
}

/** The embedded store. Making a database takes seconds, so each test gets a copy of one. */
export async function embeddedStores(t: Test): Promise<StoreKind> {
  const root = mkdtempSync(join(tmpdir(), 'writ-stores-'))
  t.teardown(() => rmSync(root, { recursive: true, force: true }))
  const template = join(root, 'template')
  await (await openStore({ folder: template })).close()
  let count = 0
  let shared: Promise<Store> | undefined
  const copyTo = (name: string) => {
    cpSync(template, join(root, name), { recursive: true })
    return join(root, name)
  }
  const open = async (t: Test, folder: string) => closing(t, await openStore({ folder }))
  return {
    name: 'embedded',
    open: t => {
      count += 1
      return open(t, copyTo(`${count}`))
    },
    again: t => open(t, join(root, `${count}`)),
    empty: () => {
      shared ??= open(t, copyTo('shared'))
      return shared.then(emptied)
    },
  }
}

/** Databases in a real PostgreSQL, or the reason why there is none on this machine. */
export async function postgresStores(t: Test): Promise<StoreKind | string> {
  const server = await startPostgres(t)
  if (typeof server === 'string') return server
  let count = 0
  let shared: Promise<Store> | undefined
  const open = async (t: Test, name = `test${count}`) =>
    closing(t, await openStore({ folder: '', databaseUrl: `${server.url}/${name}` }))
  return {
    name: 'postgresql',
    url: `${server.url}/postgres`,
    open: async t => {
      count += 1
      const client = new Client(`${server.url}/postgres`)
      await client.connect()
      await client.query(`create database test${count}`)
      await client.end()
      return open(t)
    },
    again: t => open(t),
    empty: () => {
      shared ??= open(t, 'postgres')
      return shared.then(emptied)
    },
  }
}

/** One suite on each kind of store; the kind that this machine has not is skipped with the reason. */
export function everyStore(t: Test, suite: (t: Test, stores: StoreKind) => Promise<unknown>): void {
  t.test('embedded', async t => suite(t, await embeddedStores(t)))
  t.test('postgresql', async t => {
    const stores = await postgresStores(t)
    if (typeof stores === 'string') t.pass('not tried', { skip: stores })
    else await suite(t, stores)
  })
}

function closing(t: Test, store: Store): Store {
  let closed: Promise<void> | undefined
  const once = { ...store, close: () => (closed ??= store.close()) }
  t.teardown(once.close)
  return once
}

/** PostgreSQL refuses to run as root, and so runs as nobody then. */
const nobody = 65_534

async function startPostgres(t: Test): Promise<{ url: string } | string> {
  const folder = mkdtempSync(join(tmpdir(), 'writ-postgres-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const asNobody = process.getuid?.() === 0
  if (asNobody) chownSync(folder, nobody, nobody)
  const port = await freePort()
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'postgres-server.ts'), join(folder, 'pg'), String(port)],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH },
      ...(asNobody && { uid: nobody, gid: nobody }),
    },
  )
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.stdin.end()
    await ended
  })
  let said = ''
  child.stderr.on('data', chunk => {
    said += chunk
  })
  const first = await Promise.race([once(child.stdout, 'data'), ended])
  return String(first[0]) === 'ready\n'
    ? { url: `postgres://writ:writ@127.0.0.1:${port}` }
    : `no PostgreSQL runs here: ${said.split('\n').find(line => line.includes('Error')) ?? 'it ended'}`
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}
