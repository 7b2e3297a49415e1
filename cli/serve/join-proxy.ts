import { join } from 'node:path'
import type { Logger } from 'pino'
import { Registry } from 'prom-client'
import type { Service } from '../../lifecycle/run.ts'
import { ControllerQuestions } from '../../proxy/approvals/controller-questions.ts'
import { controllerOffice } from '../../proxy/budgets/controller-office.ts'
import { openBudgets } from '../../proxy/budgets/open-budgets.ts'
import { settleLost } from '../../proxy/budgets/settle-lost.ts'
import { type ControllerLink, linkController } from '../../proxy/follow/controller-link.ts'
import type { ControllerToken } from '../../proxy/follow/controller-token.ts'
import { type FollowedTables, followTables } from '../../proxy/follow/follow-tables.ts'
import { reportState } from '../../proxy/follow/report-state.ts'
import { type Shipping, shipJournal } from '../../proxy/follow/ship-journal.ts'
import { type FollowedHalts, followHalts } from '../../proxy/halts/follow-halts.ts'
import { type Journal, openJournal } from '../../proxy/journal/journal.ts'
import { Seals } from '../../proxy/journal/seals.ts'
import { withLocalAgent } from '../../proxy/local-agent.ts'
import { loginFiles } from '../../proxy/mcp/upstream/oauth/login-files.ts'
import { createProxy } from '../../proxy/proxy.ts'
import { stateMetrics } from '../../proxy/telemetry/state-metrics.ts'
import { followRevocations } from '../../proxy/tokens/follow-revocations.ts'
import { withRuntimeTokens } from '../../proxy/tokens/with-runtime-tokens.ts'
import type { ProxyReport, UpstreamReport } from '../../schemas/proxy-report.ts'
import type { Secrets } from '../../secrets/secrets.ts'
import { loginFolder } from '../proxy-folder.ts'
import { version } from '../version.ts'
import type { Durability } from './serve-options.ts'
import { withServerFolders } from './server-folders.ts'
import type { TelemetryHere } from './telemetry-here.ts'

/** What a proxy is told when it starts. */
export interface ProxySettings {
  readonly host: string
  /** Host names that requests may name, besides those of this machine. */
  readonly allowedHosts: readonly string[]
  /** 0 picks a free one. */
  readonly port: number
  /** Where health and metrics are shown as well, on every address. */
  readonly probePort?: number
  readonly durability: Durability
  /** How many days the chain of records is sealed with one key; 0 for always. */
  readonly chainKeyDays: number
  /** Folder of its own: journal, last good tables, pinned key. */
  readonly folder: string
  readonly controllerUrl: string
  /** The token of this proxy, or where it is whenever it is needed. */
  readonly controllerToken: string | ControllerToken
  /** The namespace that the token names. */
  readonly namespace?: string
  /** The Agent as which whoever calls from this machine without a key calls, where this is a pod. */
  readonly agent?: string
  /** Who has not heard from the controller for so long refuses everything; never when omitted. */
  readonly haltWhenAloneMs?: number
  /** The controller's public key; the first one seen is pinned when omitted. */
  readonly controllerKey?: string
  /** Where the paths of policy files begin: folders of ToolServers are relative to their files. */
  readonly root: string
  readonly secrets: Secrets
  /** Nothing is told of calls when omitted. */
  readonly telemetry?: TelemetryHere
  readonly log: Logger
}

/** The parts of a proxy, to be run together, and its address once it listens. */
export interface JoinedProxy {
  readonly services: readonly Service[]
  readonly tables: FollowedTables
  /** The tool servers as they are now. */
  upstreams(): readonly UpstreamReport[]
  readonly listening: Promise<URL>
  /** Lets go of what is open; call it when the services are down. */
  close(): Promise<void>
}

/** Joins journal, tables, reports and firewall into one proxy. */
export async function joinProxy(settings: ProxySettings): Promise<JoinedProxy> {
  const { folder, controllerUrl, controllerToken, log } = settings
  const controller = linkController(controllerUrl, controllerToken)
  const journal = await journalOf(settings)
  const { tables, halts, callers, followers } = await followedBy(settings, controller)
  const questions = new ControllerQuestions({ controller, proxy: journal.proxy, log })
  const office = controllerOffice(controller)
  const { budgets, service: lending } = openBudgets({ tables, office, journal, log })
  const keepFrom = () => budgets.oldestOpen()
  const seals = new Seals({ journal, now: Date.now, keyDays: settings.chainKeyDays })
  const shipping = await shipJournal({ journal, controller, seals, keepFrom, log })
  const state = upstreamState()
  const registry = new Registry()
  const proxy = createProxy({
    ...addressesOf(settings),
    tables: withServerFolders(callers, settings.root),
    halts,
    journal,
    secrets: settings.secrets,
    logins: loginFiles(loginFolder(folder)),
    report: state.update,
    ...{ questions, budgets },
    ...telling(settings, registry),
    log,
  })
  const parts = { journal, shipping, tables, halts, state, leases: () => budgets.leases }
  const reporting = toldState(parts, { controller, registry, log })
  return {
    services: [proxy, ...followers, shipping, reporting, questions, lending],
    tables,
    upstreams: state.current,
    listening: proxy.listening,
    close: () => journal.close().then(() => controller.close()),
  }
}

interface StateParts {
  readonly journal: Journal
  readonly shipping: Shipping
  readonly tables: FollowedTables
  readonly halts: FollowedHalts
  readonly state: ReturnType<typeof upstreamState>
  readonly leases: Parameters<typeof stateMetrics>[1]['leases']
}

interface StateNeeds {
  readonly controller: ControllerLink
  readonly registry: Registry
  readonly log: Logger
}

/** Tells the controller, and whoever reads metrics, how the proxy is. */
function toldState(parts: StateParts, { controller, registry, log }: StateNeeds): Service {
  const { journal, shipping, tables, halts, state, leases } = parts
  const report = stateReport(journal.proxy, () => ({
    ...inForce(tables, halts),
    upstreams: state.current(),
    journal: { seq: journal.state().seq, shipped: shipping.shipped() },
  }))
  const subscribe: FollowedTables['subscribe'] = listener => tables.subscribe(listener)
  stateMetrics(registry, { report, leases, now: Date.now, subscribe })
  const onChange = (listener: () => void) =>
    all([state, tables, halts].map(part => part.subscribe(listener)))
  return reportState({ controller, log, report, onChange })
}

/** Where calls are traced, and what is counted of them. */
function telling({ telemetry }: ProxySettings, registry: Registry) {
  telemetry?.addMetrics(() => registry.getMetricsAsJSON())
  return { registry, ...(telemetry?.traces && { traces: telemetry.traces }) }
}

function addressesOf({ host, port, probePort, allowedHosts }: ProxySettings) {
  return { host, port, allowedHosts, ...(probePort !== undefined && { probePort }) }
}

/** What the controller says is in force: tables, whose tokens are good, and what is halted. */
async function followedBy(
  { folder, controllerKey, namespace, agent, haltWhenAloneMs: aloneMs, log }: ProxySettings,
  controller: ControllerLink,
) {
  const options = {
    controller,
    folder: join(folder, 'tables'),
    ...(controllerKey !== undefined && { controllerKey }),
    log,
  }
  const expected = namespace === undefined ? {} : { expected: namespace }
  const tables = await followTables({ ...options, ...expected })
  const identity = () => tables.identity()
  const scope = () => identity()?.namespace
  const revocations = await followRevocations({ ...options, scope })
  const halts = await followHalts({
    ...{ ...options, scope, uptime: () => performance.now() },
    ...(aloneMs !== undefined && { aloneMs }),
  })
  const keyed = withRuntimeTokens({ tables, revocations, now: Date.now })
  const callers = agent === undefined ? keyed : withLocalAgent({ tables: keyed, agent, identity })
  return { tables, halts, callers, followers: [tables, revocations, halts, keyed] }
}

/** The journal, in which the calls of earlier starts have all ended. */
async function journalOf({ folder, durability, log }: ProxySettings) {
  const journal = await openJournal({
    folder: join(folder, 'journal'),
    durability,
    warn: (fields, message) => log.warn(fields, message),
  })
  const lost = await settleLost(journal, Date.now)
  if (lost > 0) log.warn({ calls: lost }, 'calls charged whole whose end is not known')
  return journal
}

/** What the proxy enforces, of what its controller says. */
function inForce(tables: FollowedTables, halts: FollowedHalts) {
  const ids = halts.enforced()
  return {
    enforced: tables.enforced(),
    rejected: tables.rejected(),
    ...(ids.length > 0 && { halts: [...ids] }),
  }
}

type Varying = Omit<ProxyReport, 'proxy' | 'version' | 'startedAt'>

/** What the proxy says of itself, as it is whenever it is asked. */
function stateReport(proxy: string, varying: () => Varying): () => ProxyReport {
  const startedAt = new Date().toISOString()
  return () => ({ proxy, version, startedAt, ...varying() })
}

function all(stops: readonly (() => void)[]): () => void {
  return () => {
    for (const stop of stops) stop()
  }
}

function upstreamState() {
  const listeners = new Set<() => void>()
  let upstreams: readonly UpstreamReport[] = []
  return {
    current: () => upstreams,
    update(next: readonly UpstreamReport[]): void {
      upstreams = next
      for (const listener of listeners) listener()
    },
    subscribe(listener: () => void): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
