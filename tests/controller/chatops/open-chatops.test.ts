import t from 'tap'
import { openChatops } from '../../../controller/chatops/open-chatops.ts'
import { forgeEvents } from '../../../controller/forge/forge-event.ts'
import { forgeOf } from '../../../controller/github/forge-of.ts'
import type { ApprovalRequest } from '../../../schemas/approval.ts'
import { sha256 } from '../approvals/approval-world.ts'
import { githubStub } from '../github/github-stub.ts'
import { embeddedStores } from '../stores.ts'
import { tokens, until, world } from '../world.ts'
import { line, threadWorld } from './thread-world.ts'

const stores = await embeddedStores(t)

t.test(
  'comments are taken as they are told of, and tried again when they could not be looked at',
  async t => {
    const w = await threadWorld(t, await stores.empty())
    const request = await w.askHere('two')
    const events = forgeEvents(error => t.fail(String(error)))
    const said: string[] = []
    const say = (_: object, message: string) => said.push(message)
    const secrets = async () => w.hub.token(w.writ)
    const { desk } = openChatops({
      ...{ db: w.store.db, approvals: w.approvals, directories: w.releases.directories, events },
      forge: ({ forge, namespace }) => forgeOf(forge, { namespace, secrets, now: Date.now }),
      now: () => w.clock.now,
      log: { info: say, warn: say },
      pace: { inFlight: 2, attempts: 20, firstMs: 5, timeoutMs: 60_000, lookMs: 20 },
    })
    const stop = new AbortController()
    const running = desk.run(stop.signal)
    t.teardown(async () => {
      stop.abort()
      await running
    })
    w.hub.trouble({ status: 404, when: /^GET \/repos\/acme\/ops$/ })
    const comment = w.hub.write(w.thread, w.people.ana, line(request))
    const told = { kind: 'comment', repository: 'Acme/OPS', commentId: comment.id } as const
    const settled = async (count: number) =>
      (await w.rows()).filter(({ outcome }) => outcome !== null).length === count
    events.tell({ ...told, repository: 'acme/other', deliveryId: 'd-0' })
    events.tell({ ...told, kind: 'change', deliveryId: 'd-0' })
    for (const deliveryId of ['d-1', 'd-2', 'd-1']) events.tell({ ...told, deliveryId })
    await until(() => settled(1))
    t.match(await w.rows(), [{ comment_id: comment.id, delivery_id: 'd-1', outcome: 'counted' }])
    t.ok(said.includes('comment not looked at, to be tried again'))
    await w.store.db
      .updateTable('chat_commands')
      .set({ outcome: null, settled_at: null, at: new Date(w.clock.now - 61_000) })
      .execute()
    await until(() => settled(1))
    t.equal(
      (await w.get(request.id)).votes.length,
      1,
      'what was left behind is taken up, and counts once',
    )
  },
)

t.test(
  'a running controller asks in a thread, and is answered there by a webhook or without',
  async t => {
    const hub = await githubStub(t)
    const [ana, writ] = [hub.user('ana'), hub.user('writ-of-acme')]
    const thread = hub.ask(hub.repository('acme/ops'), ana)
    const w = await world(t)
    w.write(
      'a.yaml',
      `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana }
spec: { roles: [owner], identities: { github: { id: ${ana.id} } } }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot }
spec: { apiKeys: [{ name: laptop, sha256: ${sha256('a key')} }] }
---
apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: bank }
spec: { url: "https://bank.example.com/mcp" }
---
apiVersion: writ.dev/v1alpha1
kind: NotificationChannel
metadata: { name: thread }
spec:
  type: github
  repository: acme/ops
  thread: ${thread.number}
  secretRef: { name: github, key: token }
  signingSecretRef: { name: github, key: webhook }
  apiUrl: ${hub.apiUrl}
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: one }
spec: { approvers: { users: [ana] }, channels: [thread] }
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: payments }
spec: { tools: [{ name: pay, rules: [{ name: ask, action: require_approval, approvalWorkflow: one }] }] }
`,
    )
    const secrets: Record<string, string> = { token: hub.token(writ), webhook: 'a-shared-secret' }
    const { url } = await w.startController({ secrets: async (_, { key }) => secrets[key] ?? null })
    const status = async () =>
      (await w.get(url, '/api/v1/status')).json() as Promise<{
        readonly source: { readonly state: string }
        readonly namespaces: readonly { readonly digest: string }[]
      }>
    await until(async () => (await status()).source.state === 'in_force')
    const table = (await status()).namespaces[0]?.digest
    const ask = async (name: string) => {
      const body = {
        ...{ proxy: 'proxy-a', call: name, digest: `sha256:${sha256(name)}`, namespace: 'default' },
        ...{ agent: 'bot', apiKey: 'laptop', keySha256: sha256('a key'), kind: 'tool' },
        ...{
          server: 'bank',
          name: 'pay',
          args: { amount: 10 },
          argsDigest: `sha256:${sha256('args')}`,
        },
        ...{ reason: 'rule', rule: { policy: 'payments', rule: 'ask' }, workflows: ['one'], table },
      }
      const answer = await fetch(new URL('/api/v1/approvals/questions', url), {
        method: 'POST',
        headers: { authorization: `Bearer ${tokens.proxy}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      const { id } = (await answer.json()) as { readonly id: string }
      await until(() => hub.comments(thread).some(({ body }) => body.includes(`/approve ${id} `)))
      const noted = async () => (await state(id)).notifications[0]?.state === 'sent'
      await until(noted)
      return { id, digest: body.digest }
    }
    const state = async (id: string) =>
      (await w.get(url, `/api/v1/approval-requests/${id}`)).json() as Promise<ApprovalRequest>
    const first = await ask('first')
    hub.write(thread, ana, line(first))
    const delivery = hub.deliveries.at(-1)
    if (delivery === undefined) throw new Error('no webhook')
    const forged = await hub.send(delivery, { to: url, secret: 'guessed' })
    t.equal(forged.status, 401)
    for (const _ of [1, 2]) await hub.send(delivery, { to: url, secret: 'a-shared-secret' })
    await until(async () => (await state(first.id)).state === 'approved')
    t.match((await state(first.id)).votes, [{ user: 'ana', surface: 'github' }])
    const second = await ask('second')
    hub.write(thread, ana, line(second, 'deny'))
    await until(async () => (await state(second.id)).state === 'denied')
    await until(
      () => hub.comments(thread).filter(({ body }) => body.includes('It is ')).length === 2,
    )
  },
)
