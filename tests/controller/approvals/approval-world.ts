import { createHash, generateKeyPairSync } from 'node:crypto'
import { sql } from 'kysely'
import type { Test } from 'tap'
import type { Actor } from '../../../controller/approvals/approvals.ts'
import { StoredApprovals } from '../../../controller/approvals/stored-approvals.ts'
import { Directories } from '../../../controller/publish/directories.ts'
import { emptyDirectory, emptyTable } from '../../../controller/publish/empty-table.ts'
import { Releases } from '../../../controller/publish/releases.ts'
import { openSigningKey } from '../../../controller/publish/signing-key.ts'
import { openStore, type Store } from '../../../controller/store/open-store.ts'
import { compile } from '../../../policy/compile/compile.ts'
import type { ApprovalClaim, ApprovalQuestion, Surface } from '../../../schemas/approval.ts'

export const noon = Date.parse('2026-11-21T12:00:00.000Z')

const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' })

/** The SHA-256 of a text in hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** People ana, ben, cleo and dan (owner of the agent `bot`), and workflows of several sizes. */
export const people = `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana }
spec: { roles: [owner] }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ben }
spec: {}
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: cleo }
spec: {}
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: dan }
spec: {}
---
apiVersion: writ.dev/v1alpha1
kind: Team
metadata: { name: finance }
spec: { members: [ana, ben, cleo, dan] }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot }
spec: { kind: test, owner: dan, apiKeys: [{ name: laptop, sha256: ${sha256('a key')} }] }
---
apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: bank }
spec: { url: "https://bank.example.com/mcp" }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: one }
spec: { approvers: { users: [ana, ben] } }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: two }
spec: { approvers: { teams: [finance] }, approvalsRequired: 2, timeout: 1h }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: reasoned }
spec: { approvers: { users: [cleo] }, requireReason: true }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: slow }
spec:
  approvers: { users: [ana] }
  timeout: 1h
  escalation: { after: 10m, to: { users: [ben] } }
  reminders: [5m, 20m]
`

/** A policy for each workflow; its rule `ask` sends payments there. */
export function payments(
  workflows: readonly string[] = ['one'],
  action = 'require_approval',
): string {
  return workflows
    .map((workflow, i) => {
      const asked =
        action === 'require_approval' && workflow !== '' ? `, approvalWorkflow: ${workflow}` : ''
      return `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: payments${i === 0 ? '' : i} }
spec:
  tools:
    - name: pay
      rules: [{ name: ask, when: "args.amount > 5", action: ${action}${asked} }]
`
    })
    .join('---')
}

/** A workflow whose judge `small` answers first. */
export const judged = `
apiVersion: writ.dev/v1alpha1
kind: ModelProvider
metadata: { name: models }
spec: { protocol: openai, baseUrl: "https://models.example.com/v1", models: [{ name: small }] }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: judged }
spec: { ai: { model: small, escalateTo: one } }
`

/** Approvals over a real store, with a clock that the test moves. */
export interface ApprovalWorld {
  readonly approvals: StoredApprovals
  readonly releases: Releases
  /** Milliseconds since 1970; the test may set it. */
  readonly clock: { now: number }
  publish(...texts: readonly string[]): Promise<void>
  question(some?: Partial<ApprovalQuestion>): ApprovalQuestion
  claim(question: ApprovalQuestion, some?: Partial<ApprovalClaim>): ApprovalClaim
}

/** A world in which `people` and `payments` are in force. */
export async function approvalWorld(
  t: Test,
  store: Store,
  texts: readonly string[] = [people, payments()],
  databaseUrl?: string,
): Promise<ApprovalWorld> {
  const world = await opened(t, store, { now: noon }, databaseUrl)
  await world.publish(...texts)
  return world
}

/** The world after its process ended and another began on the same store. */
export function restarted(t: Test, store: Store, { clock }: ApprovalWorld): Promise<ApprovalWorld> {
  return opened(t, store, clock)
}

async function opened(
  t: Test,
  store: Store,
  clock: ApprovalWorld['clock'],
  databaseUrl?: string,
): Promise<ApprovalWorld> {
  const now = () => clock.now
  const releases = new Releases({ db: store.db, key: await openSigningKey('', String(pem)), now })
  await releases.open()
  return {
    clock,
    releases,
    approvals: new StoredApprovals({
      db: store.db,
      databaseUrl,
      directories: releases.directories,
      now,
      onFailure: error => t.fail(String(error)),
    }),
    async publish(...texts) {
      const { tables, directories, problems } = compile(
        texts.map((text, i) => ({ path: `${i}.yaml`, text })),
      )
      if (tables === null) throw new Error(JSON.stringify(problems))
      const gone = releases.current().map(({ namespace }) => namespace)
      const emptied = gone.filter(namespace => !tables.has(namespace))
      await releases.publish(
        new Map([...emptied.map(name => [name, emptyTable(name)] as const), ...tables]),
        null,
        [...emptied.map(emptyDirectory), ...directories],
      )
    },
    question(some = {}) {
      const args = { amount: 10 }
      return {
        proxy: 'proxy-a',
        call: 'call-1',
        digest: `sha256:${sha256(JSON.stringify(some))}`,
        namespace: 'default',
        agent: 'bot',
        apiKey: 'laptop',
        keySha256: sha256('a key'),
        user: 'dan',
        kind: 'tool',
        server: 'bank',
        name: 'pay',
        schemaDigest: `sha256:${sha256('schema')}`,
        args,
        argsDigest: `sha256:${sha256(JSON.stringify(args))}`,
        reason: 'rule',
        rule: { policy: 'payments', rule: 'ask' },
        workflows: ['one'],
        table: inForce(releases),
        ...some,
      }
    },
    claim: ({ digest, workflows, proxy, call }, some = {}) => ({
      ...{ proxy, call, digest, workflows },
      table: inForce(releases),
      ...some,
    }),
  }
}

/** Open requests like the one given, for other digests. */
export async function copies(store: Store, id: string, count: number): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    insert into approval_requests
    select (jsonb_populate_record(r, jsonb_build_object(
      'id', 'apr-' || lpad(n::text, 16, '0'),
      'digest', 'sha256:' || lpad(n::text, 64, '0'),
      'question', jsonb_set(r.question::jsonb, '{digest}', to_jsonb('sha256:' || lpad(n::text, 64, '0')))::text
    ))).*
    from approval_requests r, generate_series(1, ${count}::int) n where r.id = ${id}
    returning id`.execute(store.db)
  return rows.map(({ id }) => id)
}

/** Another process on the store of the world, with its own connection to hear of changes. */
export async function otherProcess(
  t: Test,
  databaseUrl: string,
  { clock }: Pick<ApprovalWorld, 'clock'>,
): Promise<{ readonly approvals: StoredApprovals }> {
  const { db, close } = await openStore({ folder: '', databaseUrl })
  t.teardown(close)
  const directories = new Directories()
  await directories.open(db)
  const approvals = new StoredApprovals({
    db,
    databaseUrl,
    directories,
    now: () => clock.now,
    onFailure: () => undefined,
  })
  const stop = new AbortController()
  const running = approvals.others?.run(stop.signal)
  t.teardown(async () => {
    stop.abort()
    await running
  })
  return { approvals }
}

function inForce(releases: Releases): string {
  return releases.current().find(({ namespace }) => namespace === 'default')?.digest ?? ''
}

/** Somebody at a terminal. */
export function person(user: string, surface: Surface = 'cli'): Actor {
  return { user, surface, identity: `key of ${user}`, evidence: {} }
}
