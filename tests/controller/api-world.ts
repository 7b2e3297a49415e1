import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { approvalProxyRoutes } from '../../controller/api/approval-proxy-routes.ts'
import { type Live, openLive } from '../../controller/api/live/live.ts'
import { podSpeech } from '../../controller/api/pod-speech.ts'
import { serveApi } from '../../controller/api/serve-api.ts'
import { mintLink } from '../../controller/approvals/links.ts'
import { ProxyOwners } from '../../controller/proxy-owners.ts'
import type { Store } from '../../controller/store/open-store.ts'
import type { ApprovalEvent, ApprovalRequest } from '../../schemas/approval.ts'
import { answerChecker } from './answer-checker.ts'
import { type ApprovalWorld, approvalWorld, payments, sha256 } from './approvals/approval-world.ts'
import { tokens } from './world.ts'

function user(name: string, spec = '', namespace = 'default'): string {
  return `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ${name}, namespace: ${namespace} }
spec: { apiKeys: [{ name: laptop, sha256: ${sha256(keyOf(name))} }]${spec} }
`
}

/** The key of a User, or of the agent `bot`. */
export function keyOf(name: string): string {
  return `writ_key_of_${name}`
}

/** People with keys: ana (an owner), ben, cleo, dan (owner of the agent `bot`), eve elsewhere, sys everywhere. */
export const keyed = [
  user('ana', ', roles: [owner]'),
  user('ben'),
  user('cleo'),
  user('dan'),
  user('eve', '', 'other'),
  user('sys', '', 'writ-system'),
  `
apiVersion: writ.dev/v1alpha1
kind: Team
metadata: { name: finance }
spec: { members: [ana, ben, dan] }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot }
spec: { owner: dan, apiKeys: [{ name: laptop, sha256: ${sha256(keyOf('bot'))} }] }
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
spec: { approvers: { users: [ben] }, requireReason: true }
`,
].join('---')

/** A policy for each of their workflows. */
export const policies = payments(['one', 'two', 'reasoned'])

/** What came back. */
interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  /** The body, when it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what comes back as it is
  readonly json: any
}

interface Sent {
  readonly key?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** The API over a real store and a real server, with a clock that the test moves. */
export interface ApiWorld extends ApprovalWorld {
  readonly url: URL
  readonly live: Live
  /** What happens every few seconds. */
  beat(): void
  send(path: string, sent?: Sent): Promise<Answer>
  /** As a person, with a JSON body when there is one. */
  as(name: string, path: string, body?: unknown): Promise<Answer>
  /** Asks through the API as a proxy does; the id. */
  ask(workflow?: 'one' | 'two' | 'reasoned', some?: object): Promise<string>
  /** A token for a link of a person to a request. */
  mint(id: string, user: string): Promise<string>
  /** The history of a request, as type, who and detail. */
  told(id: string): Promise<readonly (string | undefined)[][]>
  /** Attempts that belong to no request. */
  strays(): Promise<readonly (string | null)[][]>
}

/** Makes the world on a store, with the admin token standing for the operator. */
export async function apiWorld(
  t: Test,
  store: Store,
  operator: string | null = 'ana',
): Promise<ApiWorld> {
  const world = await approvalWorld(t, store, [keyed, policies])
  const { approvals, releases, clock, question } = world
  const now = () => clock.now
  const log = {
    info: () => undefined,
    error: (fields: object, message: string) => t.fail(message, fields),
  }
  const { db } = store
  const beats = new Set<() => void>()
  const onBeat = (beat: () => void) => {
    beats.add(beat)
    return () => beats.delete(beat)
  }
  const live = openLive({ approvals, releases })
  const server = await serveApi(
    {
      ...{ host: '127.0.0.1', port: 0, tokens, version: '0.0.0-test', now, log },
      ...(operator !== null && { operator }),
    },
    {
      db,
      approvals,
      releases,
      live,
      onBeat,
      routes: approvalProxyRoutes({
        ...{ approvals, onBeat, log },
        ...{ owners: new ProxyOwners({ db, now }), speech: podSpeech(releases) },
      }),
    },
  )
  t.teardown(server.close)
  const described = await exchange(new URL('/openapi.json', server.url))
  const wrong = answerChecker(described.json)
  const send: ApiWorld['send'] = async (path, sent = {}) => {
    const answer = await exchange(new URL(path, server.url), sent)
    const { status, text: body, headers } = answer
    const type = String(headers['content-type'] ?? '')
    const problem = wrong({ method: sent.method ?? 'GET', path }, { status, type, body })
    if (problem !== null) t.fail(problem)
    return answer
  }
  let asked = 0
  return {
    ...world,
    url: server.url,
    live,
    beat: () => {
      for (const beat of beats) beat()
    },
    send,
    as: (name, path, body) =>
      send(path, {
        key: keyOf(name),
        ...(body !== undefined && { method: 'POST', headers: json, body: JSON.stringify(body) }),
      }),
    async ask(workflow = 'one', some = {}) {
      asked += 1
      const policy = { one: 'payments', two: 'payments1', reasoned: 'payments2' }[workflow]
      const body = question({
        digest: `sha256:${sha256(`question ${asked}`)}`,
        keySha256: sha256(keyOf('bot')),
        workflows: [workflow],
        rule: { policy, rule: 'ask', file: '1.yaml', line: 8, message: 'Ask first.' },
        ...some,
      })
      const sent = { key: tokens.proxy, method: 'POST', headers: json, body: JSON.stringify(body) }
      return (await send('/api/v1/approvals/questions', sent)).json.id
    },
    async mint(id, user) {
      const request = (await approvals.get(id)) as ApprovalRequest
      return mintLink({ db, now }, { request, user, channel: 'mail' })
    },
    async told(id) {
      const history: readonly ApprovalEvent[] = await approvals.history(id)
      return history.map(({ type, by, detail }) => [type, by, detail])
    },
    async strays() {
      const rows = await db
        .selectFrom('approval_events')
        .select(['type', 'by_name', 'detail'])
        .where('request_id', 'is', null)
        .orderBy('id')
        .execute()
      return rows.map(({ type, by_name, detail }) => [type, by_name, detail])
    },
  }
}

const json = { 'content-type': 'application/json' }

async function exchange(url: URL, { key, method = 'GET', headers = {}, body }: Sent = {}) {
  const authorization = key === undefined ? {} : { authorization: `Bearer ${key}` }
  const sent = request(url, { method, headers: { ...authorization, ...headers } })
  sent.end(body)
  return new Promise<Answer>((done, fail) => {
    sent.once('error', fail)
    sent.once('response', async answer => {
      const { statusCode = 0, headers } = answer
      const body = await text(answer)
      const isJson = /json/.test(headers['content-type'] ?? '')
      done({ status: statusCode, headers, text: body, json: isJson ? JSON.parse(body) : null })
    })
  })
}
