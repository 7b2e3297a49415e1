import { hash } from 'node:crypto'
import { join } from 'node:path'
import type { Test } from 'tap'
import { ControllerQuestions } from '../../../proxy/approvals/controller-questions.ts'
import type { ControllerLink } from '../../../proxy/follow/controller-link.ts'
import { createProxy } from '../../../proxy/proxy.ts'
import type { ApprovalRequest } from '../../../schemas/approval.ts'
import { tokens, until, type World, world } from '../../controller/world.ts'
import { RawClient, type Said } from '../mcp/raw-client.ts'
import { type SmallServer, smallServer } from '../mcp/small-server.ts'
import { MemoryJournal } from '../mcp/world.ts'

export const keys = { bot: 'the-key-of-the-bot', other: 'the-key-of-another-bot' } as const

type Person = 'ana' | 'ben' | 'cleo'

const personKey = (name: Person) => `the-key-of-${name}`

const user = (name: Person, more = '') => `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ${name} }
spec: { ${more}apiKeys: [{ name: laptop, sha256: ${hash('sha256', personKey(name))} }] }
---`

/** The bots, three people, and a workflow for each way to wait. */
const people = `
${user('ana', 'roles: [owner], ')}
${user('ben')}
${user('cleo')}
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot }
spec: { kind: test, owner: cleo, apiKeys: [{ name: laptop, sha256: ${hash('sha256', keys.bot)} }] }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: other }
spec: { kind: test, apiKeys: [{ name: ci, sha256: ${hash('sha256', keys.other)} }] }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: patient }
spec: { approvers: { users: [ana, ben] }, inlineWait: 60s, timeout: 1h }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: brief }
spec: { approvers: { users: [ana, ben] }, inlineWait: 300ms, timeout: 1h }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: at-once }
spec: { approvers: { users: [ana, ben] }, mode: async, timeout: 1h }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: both }
spec: { approvers: { users: [ana, ben] }, approvalsRequired: 2, inlineWait: 60s, timeout: 1h }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: upwards }
spec: { approvers: { users: [ana] }, inlineWait: 60s, timeout: 1h, escalation: { after: 10m, to: { users: [ben] } } }
`

/** A policy by which a call of \`pay\` is left to a workflow. */
export function payments(workflow: string, more = ''): string {
  return `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: payments }
spec:
  tools:
    - name: pay
      rules:
        - { name: too-much, when: "args.amount > 1000", action: deny, message: Nobody pays that much. }
        - { name: ask, when: "args.amount > 5", action: require_approval, approvalWorkflow: ${workflow}, message: Payments need a person. }
        - { name: small-change, action: allow }
${more}
`
}

/** A proxy that follows the controller of the world. */
interface AskingProxy {
  readonly url: URL
  readonly journal: MemoryJournal
  connect(key?: string): Promise<RawClient>
  stop(): Promise<void>
}

export interface AskingWorld {
  readonly inner: World
  readonly bank: SmallServer
  /** How many milliseconds the controller's clock is ahead. */
  readonly clock: { ahead: number }
  /** What becomes of claims on their way: lost before they arrive, or their answers lost, once or always. */
  claims: 'arrive' | 'are lost' | 'are granted in vain' | 'are granted in vain once'
  /** Address of the controller now. */
  readonly url: URL
  /** Ends the controller and starts it again on the same port when the returned function is called. */
  stopController(): Promise<() => Promise<void>>
  proxy(name?: string): Promise<AskingProxy>
  /** Replaces the policy and waits until every proxy enforces it. */
  enact(policy: string): Promise<void>
  /** Takes the keys of an agent out of the policies. */
  revoke(agent: string): Promise<void>
  requests(): Promise<readonly ApprovalRequest[]>
  /** Waits for the newest request to pay this much to be in this state. */
  request(amount: number, state?: ApprovalRequest['state']): Promise<ApprovalRequest>
  /** Waits for a request for this tool, URI or prompt to be pending. */
  question(name: string): Promise<ApprovalRequest>
  /** What happened to a request, by the types of events. */
  history(id: string): Promise<readonly string[]>
  answer(
    person: Person,
    verb: 'approve' | 'decline' | 'cancel',
    id: string,
    body?: object,
  ): Promise<number>
  /** How often the bank was paid. */
  readonly paid: number
}

/** The tool that the tests are about. */
export const pay = (more: object = {}) => ({
  name: 'pay',
  inputSchema: { type: 'object', properties: { amount: { type: 'number' } } },
  ...more,
})

/** A real controller, a bank, and as many proxies as a test starts. */
export async function askingWorld(
  t: Test,
  policy: string,
  ...tools: object[]
): Promise<AskingWorld> {
  const inner = await world(t)
  const bank = await smallServer(t, ...(tools.length === 0 ? [pay()] : tools))
  const server = `
apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: bank }
spec: { url: "${bank.url}" }
`
  inner.write('people.yaml', people)
  inner.write('bank.yaml', server)
  inner.write('payments.yaml', policy)
  const clock = { ahead: 0 }
  const now = () => Date.now() + clock.ahead
  let controller = await inner.startController({ now })
  const proxies: { enforced(): Readonly<Record<string, string>> }[] = []
  const api = async (path: string, token: string = tokens.admin, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    return fetch(new URL(path, controller.url), { ...init, headers })
  }
  const made: AskingWorld = {
    inner,
    bank,
    clock,
    claims: 'arrive',
    get url() {
      return controller.url
    },
    async stopController() {
      const port = Number(controller.url.port)
      await controller.stop()
      return async () => {
        controller = await inner.startController({ now, port })
      }
    },
    async proxy(name = 'proxy') {
      const link = losing(inner.link(controller.url), made)
      const tables = await inner.follow(link, join(inner.root, name))
      proxies.push(tables)
      await until(() => tables.current('default')?.table.servers.length === 1)
      return startProxy(t, inner, tables, link, name)
    },
    async enact(text) {
      const before = proxies.map(tables => tables.enforced().default)
      inner.write('payments.yaml', text)
      await until(() => proxies.every((tables, i) => tables.enforced().default !== before[i]))
    },
    async revoke(agent) {
      const before = proxies.map(tables => tables.enforced().default)
      inner.write(
        'people.yaml',
        people.replace(`metadata: { name: ${agent} }`, 'metadata: { name: gone }'),
      )
      await until(() => proxies.every((tables, i) => tables.enforced().default !== before[i]))
    },
    async requests() {
      const { requests } = (await (await api('/api/v1/approval-requests')).json()) as {
        requests: ApprovalRequest[]
      }
      return requests
    },
    async request(amount, state = 'pending') {
      for (;;) {
        const found = (await made.requests()).find(({ args }) => Object(args).amount === amount)
        if (found?.state === state) return found
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    },
    async question(name) {
      for (;;) {
        const open = (await made.requests()).filter(({ state }) => state === 'pending')
        const found = open.find(({ tool }) => tool === name)
        if (found !== undefined) return found
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    },
    async history(id) {
      const answer = await api(`/api/v1/approval-requests/${id}/events`)
      const { events } = (await answer.json()) as { events: { type: string }[] }
      return events.map(({ type }) => type)
    },
    async answer(person, verb, id, body = {}) {
      const path = `/api/v1/approval-requests/${id}/${verb}`
      const { status } = await api(path, personKey(person), {
        method: 'POST',
        body: JSON.stringify(body),
      })
      return status
    },
    get paid() {
      return bank.heard.filter(({ method }) => method === 'tools/call').length
    },
  }
  return made
}

/** A link that loses claims, or their answers. */
function losing(link: ControllerLink, world: Pick<AskingWorld, 'claims'>): ControllerLink {
  return {
    ...link,
    async send(path, options) {
      const lost = path.endsWith('/claim') && world.claims !== 'arrive'
      if (lost && world.claims === 'are lost') throw new Error('the connection broke')
      if (lost && world.claims === 'are granted in vain once') world.claims = 'arrive'
      const answer = await link.send(path, options)
      if (lost) throw new Error('the connection broke')
      return answer
    },
  }
}

async function startProxy(
  t: Test,
  inner: World,
  tables: Parameters<typeof createProxy>[0]['tables'],
  controller: ReturnType<World['link']>,
  name: string,
): Promise<AskingProxy> {
  const journal = new MemoryJournal()
  const note = (fields: object, message: string) =>
    void inner.log.push({ message, fields: { ...fields } })
  const log = { debug: note, info: note, warn: note, error: note }
  const questions = new ControllerQuestions({ controller, proxy: name, log })
  let connected = false
  const proxy = createProxy({
    port: 0,
    tables,
    journal,
    questions,
    secrets: async () => null,
    report: reports => {
      connected = reports.length > 0 && reports.every(({ state }) => state === 'connected')
    },
    log,
  })
  const stop = new AbortController()
  const running = Promise.all([proxy.run(stop.signal), questions.run(stop.signal)])
  const end = async () => {
    stop.abort()
    await running
  }
  t.teardown(end)
  const url = new URL('/mcp/v1', await proxy.listening)
  await until(() => connected)
  return { url, journal, stop: end, connect: (key = keys.bot) => RawClient.open(url, key) }
}

/** What an answer says to the model. */
export function textOf({ result, error }: Said): string {
  return error?.message ?? result?.content?.map(({ text }) => text).join('\n') ?? ''
}

/** The fields of an answer. */
export function factsOf({ result, error }: Said): Readonly<Record<string, unknown>> {
  return (error?.data ?? result?.structuredContent ?? {}) as Readonly<Record<string, unknown>>
}
