import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { logIn } from '../../../proxy/mcp/upstream/oauth/log-in.ts'
import type { Login, Logins } from '../../../proxy/mcp/upstream/oauth/login.ts'
import { loginFiles } from '../../../proxy/mcp/upstream/oauth/login-files.ts'
import { oauthServer } from '../../../proxy/mcp/upstream/oauth/oauth-server.ts'
import type { ToolServerSpec } from '../../../schemas/tool-server.ts'
import { authorizationServer, guardedServer } from './oauth-servers.ts'
import { RawClient } from './raw-client.ts'
import { allowAll, keys, toolServer, type World, world } from './world.ts'

/** An authorization server, a tool server that wants its tokens, and a folder for logins. */
export async function oauthWorld(t: Test) {
  const authority = await authorizationServer(t)
  const guarded = await guardedServer(t, authority)
  const folder = mkdtempSync(join(tmpdir(), 'writ-logins-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const logins = loginFiles(folder)
  const spec = (auth: object = {}, more: object = {}): ToolServerSpec => ({
    url: guarded.url,
    auth: { type: 'oauth', ...auth },
    ...more,
  })
  return {
    authority,
    guarded,
    folder,
    logins,
    spec,
    /** Logs in as a person whose browser does what it is told. */
    logIn: (auth: object = {}) => personLogsIn(logins, spec(auth)),
    /** A proxy in front of the server. */
    proxy: (auth: object = {}, more: object = {}) =>
      world(t, [allowAll, toolServer('guarded', spec(auth, more))], { logins, secrets }),
  }
}

/** The only secret there is. */
export const secrets = async () => 'client-hush'

/** Has somebody log in at the server called `guarded`. */
export async function personLogsIn(
  logins: Logins,
  spec: ToolServerSpec,
  browse: (page: URL) => unknown = page => fetch(page),
): Promise<Login> {
  return logIn({
    server: await oauthServer('default', { name: 'guarded', spec }, secrets),
    logins,
    port: 0,
    patienceMs: 5000,
    now: Date.now,
    show: page => void browse(page),
  })
}

/** Resolves when the proxy says of its server what is wanted. */
export async function reported(world: World, wanted: RegExp): Promise<void> {
  const said = () => world.reports.map(({ state, error = '' }) => `${state} ${error}`).join()
  while (!wanted.test(said())) await new Promise(resolve => setTimeout(resolve, 5))
}

/** Calls the tool `read` through the proxy; the text of the answer. */
export async function read(client: RawClient): Promise<string> {
  const { result } = await client.call('read', { text: 'x' })
  return result?.content?.[0]?.text ?? ''
}

/** A client of the proxy. */
export function clientOf({ url }: World): Promise<RawClient> {
  return RawClient.open(url, keys.claude)
}
