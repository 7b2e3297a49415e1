import type { Approvals } from '../approvals/approvals.ts'
import type { Releases } from '../publish/releases.ts'
import type { Store } from '../store/open-store.ts'
import { apiAccess } from './access.ts'
import { openSignIn } from './accounts/sign-in-parts.ts'
import { api } from './api.ts'
import type { Tokens } from './authenticate.ts'
import { hostNames } from './guard.ts'
import { listen } from './listen.ts'
import { liveGate } from './live/gate.ts'
import type { Live } from './live/live.ts'
import { openApiRoutes } from './openapi-routes.ts'
import { peopleRoutes } from './people-routes.ts'
import type { ReviewPodToken } from './pod-token.ts'
import type { Route } from './route.ts'

/** What the installation says of its API. */
interface ApiSettings {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** Host names, besides those of this machine, that requests may name. */
  readonly allowedHosts?: readonly string[]
  readonly tokens: Tokens
  /** The User whom the admin token stands for. */
  readonly operator?: string
  /** Knows tokens of pods; without it no pod is let in. */
  readonly podOf?: ReviewPodToken | undefined
  /** Where people reach the controller. */
  readonly publicUrl?: URL
  readonly consoleFolder?: string | undefined
  readonly version: string
  readonly now: () => number
  readonly log: {
    info(fields: object, message: string): void
    error(fields: object, message: string): void
  }
}

interface ApiParts {
  readonly db: Store['db']
  readonly approvals: Approvals
  readonly releases: Releases
  readonly live: Live
  /** Routes besides those of people. */
  readonly routes: readonly Route[]
  /** Calls `beat` every few seconds; returns how to stop. */
  readonly onBeat: (beat: () => void) => () => void
}

/** Serves the API, its pages and its WebSocket until closed. Rejects when the address cannot be had. */
export async function serveApi(
  settings: ApiSettings,
  parts: ApiParts,
): Promise<{ readonly url: URL; readonly close: () => Promise<void> }> {
  const { host, port, now, log, version } = settings
  const { db, approvals, releases, live, onBeat } = parts
  const signIn = openSignIn({ ...settings, db })
  const access = apiAccess({ ...settings, ...signIn, releases, approvals })
  const { directories } = releases
  const people = peopleRoutes({ db, approvals, directories, attempts: access.attempts, now })
  const routes = openApiRoutes([...parts.routes, ...people, ...signIn.routes], version)
  const allowedHosts = hostNames(host, settings.allowedHosts ?? [])
  const gate = liveGate({ ...access, live, allowedHosts, onBeat, now, log })
  const { consoleFolder } = settings
  const handler = api({ ...access, routes, allowedHosts, consoleFolder, log })
  const server = await listen(handler, host, port, gate)
  return {
    url: server.url,
    async close() {
      gate.close()
      await server.close()
    },
  }
}
