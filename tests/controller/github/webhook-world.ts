import { createHmac } from 'node:crypto'
import type { Test } from 'tap'
import { openLive } from '../../../controller/api/live/live.ts'
import { serveApi } from '../../../controller/api/serve-api.ts'
import type { ForgeEvent } from '../../../controller/forge/forge-event.ts'
import { Deliveries } from '../../../controller/github/deliveries.ts'
import { watched } from '../../../controller/github/watched.ts'
import { githubWebhookRoute } from '../../../controller/github/webhook-route.ts'
import type { Store } from '../../../controller/store/open-store.ts'
import type { Directory } from '../../../schemas/directory.ts'
import { approvalWorld } from '../approvals/approval-world.ts'
import { tokens } from '../world.ts'

/** A namespace in which a source and a channel name repositories at GitHub. */
export function githubDirectory(apiUrl?: string): Directory {
  const forge = { type: 'github', secretRef: { name: 'github', key: 'token' } } as const
  const at = apiUrl === undefined ? {} : { apiUrl }
  return {
    ...{ namespace: 'default', table: 'sha256:0', users: [], teams: [], workflows: [] },
    providers: [],
    channels: [
      {
        name: 'answers',
        spec: {
          ...{ type: 'github', repository: 'acme/app', secretRef: forge.secretRef, ...at },
          signingSecretRef: { name: 'github', key: 'channel' },
        },
      },
    ],
    sources: [
      {
        name: 'policies',
        spec: {
          url: 'https://github.com/acme/policies',
          forge: { ...forge, repository: 'acme/Policies', ...at },
          webhookSecretRef: { name: 'github', key: 'webhook' },
        },
      },
      {
        name: 'unsigned',
        spec: {
          url: 'https://github.com/acme/unsigned',
          forge: { ...forge, repository: 'acme/unsigned', ...at },
        },
      },
    ],
  }
}

export const secretsOf: Readonly<Record<string, string>> = {
  webhook: 'the secret of the source',
  channel: 'the secret of the channel',
}

/** The route on a real store and a real server, and what it told. */
export async function webhookWorld(t: Test, store: Store, directory = githubDirectory()) {
  const { db } = store
  const { approvals, releases, clock } = await approvalWorld(t, store, [])
  const now = () => clock.now
  const events: ForgeEvent[] = []
  const logged: string[] = []
  const log = {
    info: () => undefined,
    warn: (_: object, message: string) => logged.push(message),
    error: (fields: object, message: string) => t.fail(message, fields),
  }
  const deliveries = new Deliveries({ db, now, tell: event => events.push(event) })
  const route = githubWebhookRoute({
    ...{ now, log, deliveries, watched: () => watched([directory]) },
    secrets: async (_, { key }) => secretsOf[key] ?? null,
  })
  const live = openLive({ approvals, releases })
  const server = await serveApi(
    { host: '127.0.0.1', port: 0, tokens, version: '0.0.0-test', now, log },
    { db, approvals, releases, live, routes: [route], onBeat: () => () => undefined },
  )
  t.teardown(server.close)
  return {
    ...{ url: server.url, db, clock, events, logged, deliveries },
    /** Posts a payload as GitHub does, signed with the secret unless other headers say otherwise. */
    async post(event: string, payload: unknown, some: Posted = {}) {
      const { secret = secretsOf.webhook ?? '', id = '1', headers = {} } = some
      const body = typeof payload === 'string' ? payload : JSON.stringify(payload)
      const digest = createHmac('sha256', secret).update(body).digest('hex')
      const answer = await fetch(new URL('/api/v1/webhooks/github', server.url), {
        method: 'POST',
        headers: {
          ...{ 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${digest}` },
          ...{ 'x-github-event': event, 'x-github-delivery': id, ...headers },
        },
        body,
      })
      const told = (await answer.json()) as { outcome?: string; detail?: string }
      return [answer.status, told.outcome ?? told.detail]
    },
  }
}

interface Posted {
  readonly secret?: string
  readonly id?: string
  readonly headers?: Readonly<Record<string, string>>
}
