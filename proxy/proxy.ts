import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'
import type { Service } from '../lifecycle/run.ts'
import { plain, serveProbes, tellOfItself } from './about-itself.ts'
import { type ApprovalDesk, approvalDesk } from './approvals/approval-desk.ts'
import { nobodyToAsk } from './approvals/nobody-to-ask.ts'
import type { Budgets } from './budgets/budgets.ts'
import { closedBudgets } from './budgets/open-budgets.ts'
import { type Halts, noHalts } from './halts/halts.ts'
import { hostCheck } from './hosts.ts'
import { KeyAccounts } from './mcp/account.ts'
import { Entrance } from './mcp/entrance.ts'
import type { Firewall } from './mcp/exchange.ts'
import { LegacyDoor } from './mcp/legacy-door.ts'
import { Listeners } from './mcp/listeners.ts'
import { ModernDoor } from './mcp/modern-door.ts'
import type { Journal, Log, Questions, Report, Secrets, Tables } from './mcp/needs.ts'
import { Sessions } from './mcp/sessions.ts'
import { ToolServers } from './mcp/tool-servers.ts'
import type { Logins } from './mcp/upstream/oauth/login.ts'
import { type Meter, meter } from './meter.ts'
import { Catalogues } from './models/candidates.ts'
import { isModelPath } from './models/endpoint.ts'
import { ModelsDoor } from './models/models-door.ts'
import { ProviderSockets } from './models/provider-sockets.ts'
import { EntryTexts } from './record/entry-text.ts'
import type { CallTraces } from './telemetry/call-trace.ts'
import { learnKey } from './tokens/learn-key.ts'

export interface ProxyOptions {
  /** Address to listen on; the loopback interface when omitted. */
  readonly host?: string
  /** 0 picks a free one. */
  readonly port: number
  /** Where health and metrics are shown as well, on every address; nowhere else when omitted. */
  readonly probePort?: number
  /** Names besides the loopback ones under which clients reach the proxy. */
  readonly allowedHosts?: readonly string[]
  readonly tables: Tables
  readonly journal: Journal
  readonly secrets: Secrets
  /** Where logins at tool servers are kept; without it those that want OAuth are out of reach. */
  readonly logins?: Logins
  /** Where people are asked; without it, what needs approval is refused. */
  readonly questions?: Questions
  /** What people have stopped for now; nothing ever is when omitted. */
  readonly halts?: Halts
  /** Without them, what a budget concerns is refused. */
  readonly budgets?: Budgets
  /** Where calls are traced; nowhere when omitted. */
  readonly traces?: CallTraces
  /** Where what is counted is found; one of its own when omitted. */
  readonly registry?: Registry
  readonly report: Report
  readonly log: Log
  readonly now?: () => number
}

/** A service that listens; `listening` rejects when the address cannot be had. */
export type Proxy = Service & { readonly listening: Promise<URL> }

const mostConnections = 4096
const graceMs = 2000
const sweepMs = 20

/** The data plane: joins the MCP endpoint, the upstreams, the tables and the journal to one service. */
export function createProxy(options: ProxyOptions): Proxy {
  const { host = '127.0.0.1', port, probePort, allowedHosts = [], tables, now = Date.now } = options
  const listening = Promise.withResolvers<URL>()
  listening.promise.catch(() => undefined)
  return {
    name: 'proxy',
    listening: listening.promise,
    async run(signal) {
      const parts = partsOf(options, now)
      const server = serverOf(parts, tables, [...allowedHosts, host])
      const closers = [() => close(parts, server)]
      const unsubscribe = tables.subscribe(namespace => {
        parts.servers.reconcile(namespace)
        parts.sessions.expel(keyHash => tables.caller(keyHash, now()) !== null)
      })
      for (const namespace of Object.keys(tables.enforced?.() ?? {}))
        parts.servers.reconcile(namespace)
      try {
        server.listen(port, host)
        await once(server, 'listening', { signal })
        closers.push(await serveProbes(probePort, { tables, ...parts }))
        listening.resolve(urlOf(server))
        await aborted(signal)
      } catch (error) {
        listening.reject(error)
        if (!signal.aborted) throw error
      } finally {
        unsubscribe()
        await Promise.all(closers.map(close => close()))
      }
    },
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}

interface Parts {
  readonly servers: ToolServers
  readonly sessions: Sessions
  readonly listeners: Listeners
  readonly approvals: ApprovalDesk
  readonly entrance: Entrance
  readonly models: ModelsDoor
  readonly sockets: ProviderSockets
  readonly meter: Meter
}

function partsOf(options: ProxyOptions, now: () => number): Parts {
  const { tables, journal, secrets, logins = null, report, log } = options
  const servers = new ToolServers({ tables, secrets, logins, report, log, now })
  const sessions = new Sessions(now, session => {
    for (const upstream of servers.offers(session.caller.namespace).upstreams) {
      upstream.forget(session)
    }
  })
  const listeners = new Listeners()
  const approvals = approvalDesk(options.questions ?? nobodyToAsk, now)
  const counted = meter(() => sessions.size, options.registry)
  const firewall: Firewall = {
    tables,
    journal,
    texts: new EntryTexts(now),
    servers,
    accounts: new KeyAccounts(),
    approvals,
    halts: options.halts ?? noHalts,
    budgets: options.budgets ?? closedBudgets(tables),
    meter: counted,
    traces: options.traces ?? null,
    log,
    now,
  }
  servers.onChange((namespace, lists) => {
    if (lists.length === 0) return
    sessions.announce(namespace, lists)
    listeners.announce(namespace, lists)
  })
  const legacy = new LegacyDoor(firewall, sessions)
  const modern = new ModernDoor(firewall, listeners)
  const sockets = new ProviderSockets()
  const catalogues = new Catalogues()
  return {
    servers,
    sessions,
    listeners,
    approvals,
    entrance: new Entrance({ firewall, legacy, modern }),
    models: new ModelsDoor({ ...firewall, sessions, secrets, sockets, catalogues }),
    sockets,
    meter: counted,
  }
}

function serverOf(parts: Parts, tables: Tables, allowedHosts: readonly string[]): Server {
  const answer = answering(parts, tables, allowedHosts)
  const server = createServer(
    {
      maxHeaderSize: 32 * 1024,
      headersTimeout: 10_000,
      requestTimeout: 60_000,
      keepAliveTimeout: 60_000,
    },
    (request, response) => {
      response.on('error', () => undefined)
      const learning = learnKey(tables, request)
      if (learning === null) answer(request, response)
      else
        learning.then(
          () => answer(request, response),
          () => response.destroy(),
        )
    },
  )
  server.maxConnections = mostConnections
  return server
}

function answering(
  { entrance, models, meter }: Parts,
  tables: Tables,
  allowedHosts: readonly string[],
): (request: IncomingMessage, response: ServerResponse) => void {
  const meantForUs = hostCheck(allowedHosts)
  return (request, response) => {
    const path = request.url?.split('?', 1)[0] ?? ''
    if (!meantForUs(request)) plain(response, 403, 'this host or origin is not allowed\n')
    else if (path === '/mcp/v1') entrance.handle(request, response)
    else if (isModelPath(path)) models.handle(request, response, path)
    else tellOfItself(path, { tables, meter }, response)
  }
}

function urlOf(server: Server): URL {
  const { address, port, family } = server.address() as AddressInfo
  return new URL(`http://${family === 'IPv6' ? `[${address}]` : address}:${port}`)
}

/** Streams are ended and calls get a moment to finish; then everything is shut. */
async function close(parts: Parts, server: Server): Promise<void> {
  const { servers, sessions, listeners, approvals, sockets } = parts
  listeners.stop()
  approvals.requests.stop()
  const closed = server.listening ? once(server, 'close') : Promise.resolve()
  server.close()
  sessions.stop()
  const sweep = setInterval(() => server.closeIdleConnections(), sweepMs)
  const force = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearInterval(sweep)
  clearTimeout(force)
  await Promise.all([servers.stop(graceMs), sockets.stop(graceMs)])
}
