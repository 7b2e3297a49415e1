import type { Test } from 'tap'
import type { ForgeAccount } from '../../../controller/forge/forge.ts'
import { type ForgePlace, forgeOf } from '../../../controller/github/forge-of.ts'
import type { Account } from './github-state.ts'
import { githubStub } from './github-stub.ts'

export const { signal } = new AbortController()

/** A sha made of one letter. */
export function sha(letter: string): string {
  return letter.repeat(40)
}

/** The account as the forge tells of it. */
export function asTold({ id, login, type }: Account): ForgeAccount {
  const types = { User: 'user', Bot: 'bot', Organization: 'organization' } as const
  return { id, login, type: types[type] }
}

export const startedAt = '2026-11-20T10:00:00Z'

/** A repository at a stand-in for GitHub, with people, an app, and a clock that the test moves. */
export async function forgeWorld(t: Test) {
  const clock = { now: Date.parse(startedAt) + 400 }
  const hub = await githubStub(t, { now: () => clock.now })
  const app = hub.app('writ')
  const [ana, ben, cleo] = [hub.user('ana'), hub.user('ben'), hub.user('cleo')]
  const secrets = new Map<string, string>([
    ['token', hub.token(cleo)],
    ['app', app.privateKey],
  ])
  const open = (some: Partial<ForgePlace>, mostMs = 30_000, now = Date.now) =>
    forgeOf(
      { repository: 'acme/policies', apiUrl: hub.apiUrl, ...some },
      {
        namespace: 'default',
        secrets: async (_, { key }) => secrets.get(key) ?? null,
        now,
        mostMs,
      },
    )
  const { appId, installationId } = app
  const byApp = { app: { appId, installationId, privateKeyRef: { name: 'github', key: 'app' } } }
  const byToken = { secretRef: { name: 'github', key: 'token' } }
  return {
    ...{ hub, clock, app, ana, ben, cleo, secrets, open, byApp, byToken },
    web: new URL(hub.apiUrl).origin,
    repo: hub.repository('acme/policies'),
    /** As the app, and with a token of cleo. */
    forge: open(byApp),
    tokenForge: open(byToken),
  }
}
