import { randomBytes } from 'node:crypto'
import { wait } from '../../../../lifecycle/wait.ts'
import { ProxyFailure } from '../../../failure.ts'
import { httpTarget } from '../http-target.ts'
import type { Login, Logins } from './login.ts'
import type { OAuthServer } from './oauth-server.ts'
import { probe } from './probe.ts'
import { listenForRedirect } from './redirect-listener.ts'
import { startLogin } from './start-login.ts'

export interface LogInNeeds {
  readonly server: OAuthServer
  readonly logins: Logins
  /** Port of this machine that the browser comes back to; 0 for a free one. */
  readonly port: number
  /** How long a person may take. */
  readonly patienceMs: number
  readonly now: () => number
  /** Shows the person where to go, and where that page will send the browser. */
  readonly show: (page: URL, redirectUrl: string) => void
}

/** Has a person log in at the server and keeps what that gives. Rejects with a ProxyFailure. */
export async function logIn(needs: LogInNeeds): Promise<Login> {
  const { server, logins, now } = needs
  const state = randomBytes(32).toString('base64url')
  const listener = await listenForRedirect(needs.port, state)
  const target = httpTarget(server.url.href, server.headers)
  try {
    const { page, finish } = await startLogin({
      server,
      logins,
      probe: () => probe(target, server),
      redirectUrl: listener.url,
      state,
      now,
    })
    needs.show(page, listener.url)
    return await finish(await within(needs.patienceMs, listener.answer))
  } finally {
    await Promise.all([target.pool.destroy(), listener.close()])
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const over = new AbortController()
  const late = wait(ms, over.signal).then(() => {
    throw new ProxyFailure('unauthorized', 'nobody logged in in time')
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    over.abort()
  }
}
