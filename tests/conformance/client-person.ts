import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { logIn } from '../../proxy/mcp/upstream/oauth/log-in.ts'
import type { Logins } from '../../proxy/mcp/upstream/oauth/login.ts'
import { loginFiles } from '../../proxy/mcp/upstream/oauth/login-files.ts'
import { oauthServer } from '../../proxy/mcp/upstream/oauth/oauth-server.ts'
import type { ToolServerSpec } from '../../schemas/tool-server.ts'

/** Somebody with a browser who logs in as `writ servers login` has it done, and agrees to everything. */
export interface Person {
  readonly spec: ToolServerSpec
  readonly logins: Logins
  readonly secrets: () => Promise<string | null>
  /** Logs in where that takes a person; rejects when the login fails, or after too many. */
  logIn(): Promise<void>
}

const mostLogins = 3

/** What a scenario on authorization needs; `context` is what the suite hands out. */
export function personFor(
  scenario: string,
  url: string,
  context: Readonly<Record<string, string>>,
  teardown: (handler: () => void) => void,
): Person {
  const folder = mkdtempSync(join(tmpdir(), 'writ-logins-'))
  teardown(() => rmSync(folder, { recursive: true }))
  const logins = loginFiles(folder)
  const spec: ToolServerSpec = { url, auth: { type: 'oauth', ...authFor(scenario, context) } }
  const secrets = async () => context.client_secret ?? null
  let done = 0
  return {
    spec,
    logins,
    secrets,
    async logIn() {
      if (spec.auth?.grant === 'client_credentials') return
      if (++done > mostLogins) throw new Error('the server wants too many logins')
      await logIn({
        server: await oauthServer('default', { name: 'suite', spec }, secrets),
        logins,
        port: 0,
        patienceMs: 5000,
        now: Date.now,
        show: page => void fetch(page),
      })
    },
  }
}

function authFor(scenario: string, context: Readonly<Record<string, string>>): object {
  const { client_id: clientId, issuer } = context
  const secretRef = { name: 'suite', key: 'secret' }
  switch (scenario) {
    case 'auth/basic-cimd':
      return { clientId: 'https://conformance-test.local/client-metadata.json' }
    case 'auth/pre-registration':
      return { clientId, secretRef, issuer }
    case 'auth/client-credentials-basic':
      return { grant: 'client_credentials', clientId, secretRef }
    default:
      return {}
  }
}
