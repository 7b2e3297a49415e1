import { createHash } from 'node:crypto'
import type { Test } from 'tap'
import type { PodToken } from '../../../controller/api/pod-token.ts'
import type { ControllerOptions } from '../../../controller/controller.ts'
import { ControllerFailure } from '../../../controller/failure.ts'
import type { NewEntry } from '../../../proxy/journal/line.ts'
import { podKeyText } from '../../../schemas/pod-key.ts'
import { entry } from '../../proxy/journal-entry.ts'
import { line } from '../../proxy/journal-line.ts'
import { budget } from '../budgets/budget-world.ts'
import { agent, policy } from '../documents.ts'
import { until, type World, world } from '../world.ts'

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Tokens by pod: two pods of one namespace, one of another, and one that runs as somebody else. */
export const pods = {
  a1: podToken('team-a', 'a1', 'claude'),
  a2: podToken('team-a', 'a2', 'claude'),
  a3: podToken('team-a', 'a3', 'intern'),
  b1: podToken('team-b', 'b1', 'claude'),
} satisfies Readonly<Record<string, PodToken>>

export type PodName = keyof typeof pods

function podToken(namespace: string, name: string, serviceAccount: string): PodToken {
  return { namespace, serviceAccount, pod: { name, uid: `uid-of-${name}` } }
}

/** The key of the owner of a namespace. */
export function keyOfAna(namespace: string): string {
  return `key-of-ana-in-${namespace}`
}

/** Policies of one team; the agent `careful` lets only pods of the service account `claude` speak for it. */
function team(namespace: string): string {
  return [
    policy('p', '{ action: allow }', namespace),
    agent('bot', sha256(`key of bot in ${namespace}`), namespace),
    `apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: careful, namespace: ${namespace} }
spec: { serviceAccounts: [claude] }
`,
    `apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana, namespace: ${namespace} }
spec: { roles: [owner], apiKeys: [{ name: laptop, sha256: ${sha256(keyOfAna(namespace))} }] }
`,
    budget('money', '{ limit: { usd: "1" }, window: total }').replace(
      'name: money',
      `name: money, namespace: ${namespace}`,
    ),
  ].join('---\n')
}

interface Sent {
  readonly method?: string
  readonly body?: unknown
  readonly type?: string
}

/** What came back: the status, and the body as JSON if it is any. */
interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what comes back as it is
  readonly body: any
}

/** A controller with pods of two namespaces. */
export interface PodWorld {
  readonly inner: World
  readonly url: URL
  /** Who tokens are of; what is taken out is known no more. */
  readonly known: Map<string, PodToken>
  /** Nobody can say whose tokens are while it is true. */
  away: boolean
  /** As the pod, or by whatever token. */
  as(token: PodName | string, path: string, sent?: Sent): Promise<Answer>
  /** Digest of the table in force in a namespace. */
  table(namespace: string): Promise<string>
  /** A question by the key of `bot`, with what is different. */
  question(namespace: string, some?: object): Promise<Readonly<Record<string, unknown>>>
}

export async function podWorld(t: Test, some: Partial<ControllerOptions> = {}): Promise<PodWorld> {
  const inner = await world(t)
  inner.write('a.yaml', team('team-a'))
  inner.write('b.yaml', team('team-b'))
  const known = new Map(Object.entries(pods).map(([name, pod]) => [tokenOf(name), pod]))
  const podOf = async (token: string): Promise<PodToken | null> => {
    if (made.away) throw new ControllerFailure('identity_unavailable', 'nobody can say')
    return known.get(token) ?? null
  }
  const { url } = await inner.startController({ podOf, ...some })
  const tables = async () => {
    const answer = await inner.get(url, '/api/v1/tables')
    return Object(await answer.json()).inForce as { namespace: string; digest: string }[]
  }
  await until(async () => (await tables()).length === 2)
  const made: PodWorld = {
    inner,
    url,
    known,
    away: false,
    async as(token, path, { method = 'GET', body, type = 'application/json' } = {}) {
      const shown = Object.hasOwn(pods, token) ? tokenOf(token) : token
      const answer = await fetch(new URL(path, url), {
        method,
        headers: { authorization: `Bearer ${shown}`, 'content-type': type },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await answer.text()
      return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : text }
    },
    async table(namespace) {
      return (await tables()).find(table => table.namespace === namespace)?.digest ?? ''
    },
    question: async (namespace, some = {}) => ({
      ...{ proxy: 'proxy-of-a1', call: 'call-1', namespace, agent: 'bot', apiKey: 'laptop' },
      ...{ keySha256: sha256(`key of bot in ${namespace}`), kind: 'tool', server: 'bank' },
      ...{ name: 'pay', args: {}, argsDigest: `sha256:${sha256('{}')}`, reason: 'rule' },
      ...{ digest: `sha256:${sha256(JSON.stringify([namespace, some]))}` },
      ...{ rule: {}, workflows: [''], table: await made.table(namespace) },
      ...some,
    }),
  }
  return made
}

/** The token by which a pod is known here. */
export function tokenOf(pod: string): string {
  return `the.token.of-${pod}`
}

/** The hash that stands for the key of an agent whose pod calls without one. */
export function podKey(namespace: string, agent: string): string {
  return sha256(podKeyText(namespace, agent))
}

/** A line of a journal. */
export function entryOf(proxy: string, seq: number, some: Partial<NewEntry> = {}): string {
  return line(proxy, seq, entry(some))
}
