import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { ControllerOptions } from '../../../controller/controller.ts'
import type { PastRelease } from '../../../controller/publish/publication.ts'
import type { Status } from '../../../controller/status/status.ts'
import { decide, noTable } from '../../../policy/decide/decide.ts'
import { factsOf } from '../../../policy/decide/facts.ts'
import type { Tables } from '../../../proxy/table/tables.ts'
import { policy } from '../documents.ts'
import { tokens, until, type World, world } from '../world.ts'

const hash = (text: string) => createHash('sha256').update(text).digest('hex')

/** Ana owns `default`, ben does not, eve owns `other`. */
export const people = `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana }
spec: { roles: [owner], apiKeys: [{ name: laptop, sha256: ${hash('key-of-ana')} }] }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ben }
spec: { apiKeys: [{ name: laptop, sha256: ${hash('key-of-ben')} }] }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: eve, namespace: other }
spec: { roles: [owner], apiKeys: [{ name: laptop, sha256: ${hash('key-of-eve')} }] }
`

export const allow = policy('p', '{ name: go, action: allow }')
export const deny = policy('p', '{ name: stop, action: deny }')

export const hour = 3_600_000

/** What a call gets under the table in force, and by which rule. */
export function verdict(tables: Tables, namespace = 'default', tool = 'read_file'): string {
  const table = tables.current(namespace)
  const facts = factsOf({ server: 'files', tool, subject: { agent: 'claude', namespace } })
  const { action, reason, rule } = table === null ? noTable : decide(table, facts)
  return [action, reason, rule].filter(Boolean).join(' ')
}

/** What came back from the API. */
interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what comes back as it is
  readonly body: any
}

/** An installation with people, and a clock that the test moves. */
export interface OverrideWorld {
  readonly world: World
  readonly clock: { now: number }
  start(some?: Partial<ControllerOptions>): Promise<Running>
  /** A proxy with the same clock, which keeps what it has in the folder. */
  follow(url: URL, folder?: string): ReturnType<World['follow']>
}

/** A controller that runs. */
interface Running {
  readonly url: URL
  stop(): Promise<void>
  send(method: string, path: string, key: string, body?: unknown): Promise<Answer>
  apply(documents: string, some?: object, key?: string): Promise<Answer>
  status(): Promise<Status>
  /** The release of `default`. */
  inForce(): Promise<PastRelease>
}

/** Makes the world, with a policy and the people in its source. */
export async function overrideWorld(t: Test, text = deny): Promise<OverrideWorld> {
  const here = await world(t)
  here.write('people.yaml', people)
  here.write('p.yaml', text)
  const clock = { now: Date.parse('2026-11-21T12:00:00Z') }
  return {
    world: here,
    clock,
    follow: (url, folder = 'proxy') =>
      here.follow(here.link(url), join(here.root, folder), () => clock.now),
    async start(some = {}) {
      const { url, stop } = await here.startController({ now: () => clock.now, ...some })
      const send: Running['send'] = async (method, path, key, body) => {
        const answer = await fetch(new URL(path, url), {
          method,
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        })
        const text = await answer.text()
        return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
      }
      const status = async () => (await send('GET', '/api/v1/status', tokens.admin)).body
      await until(async () => (await status()).source.state !== 'starting')
      return {
        ...{ url, stop, send, status },
        inForce: async () => {
          const { body } = await send('GET', '/api/v1/tables', tokens.admin)
          const all: readonly PastRelease[] = body.inForce
          return all.find(({ namespace }) => namespace === 'default') as PastRelease
        },
        apply: (documents, some = {}, key = 'key-of-ana') =>
          send('POST', '/api/v1/overrides', key, {
            ...{ documents, ttlSeconds: 3600, reason: 'the tests are down' },
            ...some,
          }),
      }
    },
  }
}
