import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { Test } from 'tap'
import { Agent } from 'undici'
import { api } from '../../../controller/api/api.ts'
import type { Route } from '../../../controller/api/route.ts'
import type { Approvals } from '../../../controller/approvals/approvals.ts'
import type { Pace } from '../../../controller/channels/delivery/pace.ts'
import { linksTo } from '../../../controller/channels/links.ts'
import { type OpenChannels, openChannels } from '../../../controller/channels/open-channels.ts'
import { openVapidKeys } from '../../../controller/channels/push/vapid-keys.ts'
import { forgeOf } from '../../../controller/github/forge-of.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import type { ApprovalQuestion, ApprovalRequest } from '../../../schemas/approval.ts'
import { type ApprovalWorld, approvalWorld, sha256 } from '../approvals/approval-world.ts'
import { until } from '../world.ts'

/** Tries follow each other quickly here. */
export const quick: Pace = {
  inFlight: 8,
  perChannel: 2,
  timeoutMs: 10_000,
  attempts: 5,
  firstMs: 20,
}

/** Gives up so late that a test sees it trying. */
export const persistent: Pace = { ...quick, attempts: 14 }

/** Ana, ben and cleo with names elsewhere, and the workflow `one` of ana and ben through the channels given. */
export function told(channels: string, workflow = ''): string {
  const names = [...channels.matchAll(/metadata: \{ name: ([\w-]+) \}/g)].map(([, name]) => name)
  return `
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ana }
spec:
  email: ana@example.com
  roles: [owner]
  identities: { slack: U0ANA, mattermost: anaanaanaanaanaanaanaanaan }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: ben }
spec: { email: ben@example.com, identities: { slack: U0BEN, mattermost: benbenbenbenbenbenbenbenbe } }
---
apiVersion: writ.dev/v1alpha1
kind: User
metadata: { name: cleo }
spec: { email: cleo@example.com, identities: { slack: U0CLEO } }
---
apiVersion: writ.dev/v1alpha1
kind: Agent
metadata: { name: bot }
spec: { kind: test, apiKeys: [{ name: laptop, sha256: ${sha256('a key')} }] }
---
apiVersion: writ.dev/v1alpha1
kind: ToolServer
metadata: { name: bank }
spec: { url: "https://bank.example.com/mcp" }
---
apiVersion: writ.dev/v1alpha1
kind: ApprovalWorkflow
metadata: { name: one }
spec:
  approvers: { users: [ana, ben] }
  channels: [${names.join(', ')}]
${workflow}
---
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: payments }
spec:
  tools:
    - name: pay
      rules: [{ name: ask, action: require_approval, approvalWorkflow: one, message: Payments need a person. }]
---${channels}`
}

/** A channel document. */
export function channel(name: string, spec: string): string {
  return `
apiVersion: writ.dev/v1alpha1
kind: NotificationChannel
metadata: { name: ${name} }
spec: ${spec}
`
}

export interface ChannelWorld extends ApprovalWorld {
  readonly open: OpenChannels
  readonly log: { readonly message: string; readonly fields: object }[]
  /** Tokens of links, oldest first, with whom they are for. */
  readonly minted: { readonly token: string; readonly user: string }[]
  asked(some?: Partial<ApprovalQuestion>): Promise<ApprovalRequest>
  get(id: string): Promise<ApprovalRequest>
  /** The request once it has notifications and they are as the condition wants them. */
  notified(
    id: string,
    condition: (notifications: ApprovalRequest['notifications']) => boolean,
  ): Promise<ApprovalRequest>
  /** Delivers until stopped. */
  deliver(): { stop(): Promise<void> }
}

export interface ChannelWorldOptions {
  readonly store: Store
  readonly texts: readonly string[]
  readonly secrets?: Readonly<Record<string, string>>
  readonly publicUrl?: URL
  readonly slackOrigin?: string
  readonly pace?: Pace
  /** As surfaces get them; those of the world when omitted. */
  readonly approvals?: (real: Approvals) => Approvals
}

/** Real approvals and channels; secrets are `name/key` in whatever namespace. The clock goes, and may be put forward. */
export async function channelWorld(t: Test, options: ChannelWorldOptions): Promise<ChannelWorld> {
  const { store, texts, secrets = {}, publicUrl } = options
  const world = await approvalWorld(t, store, texts)
  let ahead = 0
  const now = () => Date.now() + ahead
  Object.defineProperty(world.clock, 'now', {
    get: now,
    set: (to: number) => {
      ahead = to - Date.now()
    },
  })
  const log: ChannelWorld['log'] = []
  const minted: { token: string; user: string }[] = []
  const approvals = options.approvals?.(world.approvals) ?? world.approvals
  const open = openChannels({
    db: store.db,
    approvals,
    attempts: {
      async failed({ record }) {
        if (record) await approvals.attempted(record.request, record.detail, record.actor)
        return 0
      },
    },
    directories: world.releases.directories,
    secrets: async (_, { name, key }) => secrets[`${name}/${key}`] ?? null,
    links: linksTo({
      address: Promise.resolve(publicUrl ?? new URL('http://127.0.0.1:7400')),
      isPublic: publicUrl !== undefined,
      async mint({ user }) {
        const token = `token-of-${user}-${minted.length}`
        minted.push({ token, user })
        return token
      },
    }),
    keys: await openVapidKeys(t.testdir()),
    forge: ({ forge, namespace }) =>
      forgeOf(forge, {
        namespace,
        now,
        secrets: async (_, { name, key }) => secrets[`${name}/${key}`] ?? null,
      }),
    ...(options.slackOrigin !== undefined && { slackOrigin: options.slackOrigin }),
    now,
    log: { warn: (fields, message) => log.push({ fields, message }) },
    pace: options.pace ?? quick,
    push: { reachable: () => true, dispatcher: new Agent() },
  })
  t.teardown(open.close)
  const get = async (id: string) => {
    const request = await world.approvals.get(id)
    if (request === null) throw new Error(`there is no request ${id}`)
    return request
  }
  return Object.assign(world, {
    open,
    log,
    minted,
    get,
    async asked(some: Partial<ApprovalQuestion> = {}) {
      const { id } = await world.approvals.ask(world.question(some))
      return get(id)
    },
    async notified(
      id: string,
      condition: (notifications: ApprovalRequest['notifications']) => boolean,
    ) {
      await until(async () => {
        const { notifications } = await get(id)
        return notifications.length > 0 && condition(notifications)
      })
      return get(id)
    },
    deliver() {
      const stop = new AbortController()
      const running = open.delivery.run(stop.signal)
      const end = async () => {
        stop.abort()
        await running
      }
      t.teardown(end)
      return { stop: end }
    },
  })
}

/** Serves the routes of channels as the controller does. */
export async function served(t: Test, routes: readonly Route[]): Promise<URL> {
  const app = api({
    routes,
    authenticate: async () => ({ caller: { role: 'nobody' }, now: () => ({ role: 'nobody' }) }),
    attempts: { failed: async () => 0 },
    allowedHosts: new Set(['127.0.0.1']),
    log: { error: (fields, message) => t.fail(`${message} ${JSON.stringify(fields)}`) },
  } as Parameters<typeof api>[0])
  const server = express().use(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}
