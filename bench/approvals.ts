import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { StoredApprovals } from '../controller/approvals/stored-approvals.ts'
import { Releases } from '../controller/publish/releases.ts'
import { openSigningKey } from '../controller/publish/signing-key.ts'
import { openStore, type Store } from '../controller/store/open-store.ts'
import { compile } from '../policy/compile/compile.ts'
import type { ApprovalQuestion } from '../schemas/approval.ts'

/** Milliseconds of one operation while many requests are pending. */
export interface ApprovalCost {
  readonly operation: string
  readonly p50: number
  readonly p95: number
}

const pending = 10_000

/** One agent may have a thousand questions open. */
const agents = 20

function agent(i: number): string {
  return `
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot-${i} }
spec: { apiKeys: [{ name: key, sha256: "${hex(i)}" }] }
`
}

function hex(i: number): string {
  return i.toString(16).padStart(64, '0')
}

const policies = `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana }
spec: { roles: [owner] }
---
${Array.from({ length: agents }, (_, i) => agent(i)).join('---')}
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: payments }
spec: { approvers: { users: [ana] }, timeout: 1h }
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: payments }
spec: { tools: [{ name: pay, rules: [{ name: ask, action: require_approval, approvalWorkflow: payments }] }] }
`

/** Measures the embedded database, or the PostgreSQL at the URL, which must be empty. */
export async function approvals(databaseUrl?: string): Promise<readonly ApprovalCost[]> {
  const folder = mkdtempSync(join(tmpdir(), 'writ-bench-approvals-'))
  try {
    const store = await openStore({ folder, ...(databaseUrl !== undefined && { databaseUrl }) })
    try {
      return await measured(store, folder)
    } finally {
      await store.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measured(store: Store, folder: string): Promise<readonly ApprovalCost[]> {
  const clock = { now: Date.now() }
  const { approvals, question } = await world(store, folder, clock)
  const { id } = await approvals.ask(question(0))
  const ids = await fill(store, id)
  const tidied = await cost('tidy', 1, () => approvals.tidy())
  const ana = { user: 'ana', surface: 'cli', identity: 'bench', evidence: {} } as const
  const decidableBy = new Map([['default', 'ana']])
  const costs = [
    await cost('list 50, newest', 200, () => approvals.list({}, null, 50)),
    await cost('list 50 that ana may decide', 200, () => approvals.list({ decidableBy }, null, 50)),
    await cost('list 50, page by page', 200, paging(approvals)),
    await cost('get', 300, i => approvals.get(ids[i] ?? '')),
    await cost('ask', 300, i => approvals.ask(question(i + 1))),
    await cost('decide', 500, i => approvals.decide(ids[i] ?? '', { decision: 'approve' }, ana)),
    await cost('next thing due', 300, () => approvals.nextSweep()),
  ]
  clock.now += 3_600_000
  const swept = await cost('expire 100', 90, () => approvals.sweep())
  return [...costs, swept, tidied]
}

async function world(store: Store, folder: string, clock: { readonly now: number }) {
  const now = () => clock.now
  const { tables, directories, problems } = compile([{ path: 'bench.yaml', text: policies }])
  if (tables === null) throw new Error(JSON.stringify(problems))
  const releases = new Releases({ db: store.db, key: await openSigningKey(folder), now })
  await releases.publish(tables, null, directories)
  const table = tables.get('default')?.digest ?? ''
  const approvals = new StoredApprovals({
    db: store.db,
    directories: releases.directories,
    now,
    onFailure: error => {
      throw error
    },
  })
  const question = (i: number): ApprovalQuestion => ({
    proxy: 'bench',
    call: `call-${i}`,
    digest: `sha256:${hex(i)}`,
    namespace: 'default',
    agent: `bot-${i % agents}`,
    apiKey: 'key',
    keySha256: hex(i % agents),
    kind: 'tool',
    server: 'bank',
    name: 'pay',
    schemaDigest: `sha256:${hex(0)}`,
    args: { amount: i, to: 'acme', note: 'x'.repeat(500) },
    argsDigest: `sha256:${hex(i)}`,
    reason: 'rule',
    rule: { policy: 'payments', rule: 'ask' },
    workflows: ['payments'],
    table,
  })
  return { approvals, question }
}

/** Pending requests like the first one, of all agents. */
async function fill(store: Store, id: string): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    insert into approval_requests
    select (jsonb_populate_record(r, jsonb_build_object(
      'id', 'apr-' || lpad(n::text, 16, '0'),
      'digest', 'sha256:f' || lpad(n::text, 63, '0'),
      'agent', 'bot-' || n % ${agents}::int,
      'key_sha256', lpad(to_hex(n % ${agents}::int), 64, '0'),
      'requested_at', r.requested_at - n * interval '1 ms'
    ))).*
    from approval_requests r, generate_series(1, ${pending - 1}::int) n where r.id = ${id}
    returning id`.execute(store.db)
  return rows.map(row => row.id)
}

function paging(approvals: StoredApprovals): () => Promise<void> {
  let after: string | null = null
  return async () => {
    after = (await approvals.list({ states: ['pending'] }, after, 50)).next
  }
}

async function cost(
  operation: string,
  times: number,
  run: (i: number) => Promise<unknown>,
): Promise<ApprovalCost> {
  const took: number[] = []
  for (let i = 0; i < times; i++) {
    const began = performance.now()
    await run(i)
    took.push(performance.now() - began)
  }
  took.sort((a, b) => a - b)
  const at = (share: number) => took[Math.floor(took.length * share)] ?? Number.NaN
  return { operation, p50: at(0.5), p95: at(0.95) }
}
