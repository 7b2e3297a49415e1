import t, { type Test } from 'tap'
import type { Forge } from '../../../controller/forge/forge.ts'
import { forgeOf } from '../../../controller/github/forge-of.ts'
import { githubStub } from './github-stub.ts'
import { commitBy } from './github-verbs.ts'

const signal = new AbortController().signal
const sha = (text: string) => text.repeat(40).slice(0, 40)
const at = Date.parse('2026-11-20T10:00:00.400Z')

/** A repository with people, an app, and a clock that the test moves. */
async function github(t: Test) {
  const clock = { now: at }
  const hub = await githubStub(t, { now: () => clock.now })
  const app = hub.app('writ')
  const [ana, ben] = [hub.user('ana'), hub.user('ben')]
  const secrets = new Map([
    ['token', hub.token(ana)],
    ['app', app.privateKey],
  ])
  const needs = {
    namespace: 'default',
    secrets: async (_: string, { key }: { key: string }) => secrets.get(key) ?? null,
    now: Date.now,
  }
  const place = { repository: 'acme/policies', apiUrl: hub.apiUrl }
  const { appId, installationId } = app
  const privateKeyRef = { name: 'github', key: 'app' }
  const byApp: Forge = forgeOf({ ...place, app: { appId, installationId, privateKeyRef } }, needs)
  const byToken = forgeOf({ ...place, secretRef: { name: 'github', key: 'token' } }, needs)
  return {
    hub,
    clock,
    ana,
    ben,
    app,
    secrets,
    byApp,
    byToken,
    repo: hub.repository('acme/policies'),
  }
}

const account = ({ id, login, type }: { id: number; login: string; type: string }) => ({
  ...{ id, login, type: type.toLowerCase() },
})

t.test('the forge knows the repository, and who it is itself', async t => {
  const { hub, app, ana, byApp, byToken, repo } = await github(t)
  const url = `${new URL(hub.apiUrl).origin}/acme/policies`
  t.strictSame(await byApp.repository(signal), {
    ...{ id: repo.id, name: 'acme/policies', defaultBranch: 'main', url },
  })
  t.strictSame(await byApp.self(signal), account(app.account))
  t.strictSame(await byToken.self(signal), account(ana))
})
