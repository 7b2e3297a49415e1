import type { UpstreamReport } from '../../schemas/proxy-report.ts'
import type { Log, Report, Secrets, Tables } from './needs.ts'
import { type Offers, offersOf } from './offers.ts'
import type { Offering } from './upstream/catalog.ts'
import type { Logins } from './upstream/oauth/login.ts'
import { Upstream } from './upstream/upstream.ts'

export interface ToolServersNeeds {
  readonly tables: Tables
  readonly secrets: Secrets
  readonly logins: Logins | null
  readonly report: Report
  readonly log: Log
  readonly now: () => number
}

/** Told which lists of a namespace may look different now. */
export type ChangeListener = (namespace: string, lists: readonly Offering[]) => void

const everything: readonly Offering[] = ['tools', 'prompts', 'resources', 'templates']
const patienceMs = 5000

/** The servers of every namespace, started and stopped as the tables say. */
export class ToolServers {
  readonly #needs: ToolServersNeeds
  readonly #byNamespace = new Map<string, Upstream[]>()
  readonly #offers = new Map<string, Offers>()
  readonly #listeners = new Set<ChangeListener>()
  #stopped = false

  constructor(needs: ToolServersNeeds) {
    this.#needs = needs
  }

  /** What the servers of a namespace offer now. */
  offers(namespace: string): Offers {
    if (!this.#byNamespace.has(namespace)) this.reconcile(namespace)
    const known = this.#offers.get(namespace)
    if (known !== undefined) return known
    const offers = offersOf(this.#byNamespace.get(namespace) ?? [])
    this.#offers.set(namespace, offers)
    return offers
  }

  /** The same once every server has been tried and the lists are fresh, or after five seconds. */
  async freshOffers(namespace: string): Promise<Offers> {
    const { upstreams } = this.offers(namespace)
    const fresh = upstreams.map(({ tried, freshen }) => tried.then(freshen))
    await within(patienceMs, Promise.all(fresh))
    return this.offers(namespace)
  }

  /** What the servers offer once the lists of this one have been read anew, or after five seconds. */
  async renewedOffers(namespace: string, upstream: Upstream): Promise<Offers> {
    await within(patienceMs, upstream.refresh())
    return this.offers(namespace)
  }

  /** Makes the servers of a namespace what its table says, without touching those that stay the same. */
  reconcile(namespace: string): void {
    if (this.#stopped) return
    const wanted = this.#needs.tables.current(namespace)?.table.servers ?? []
    const running = this.#byNamespace.get(namespace) ?? []
    const kept = new Set<Upstream>()
    const next = wanted.map(server => {
      const same = running.find(upstream => upstream.name === server.name && upstream.is(server))
      const upstream = same ?? new Upstream(namespace, server, this.#upstreamNeeds())
      kept.add(upstream)
      return upstream
    })
    this.#byNamespace.set(namespace, next)
    for (const upstream of running) {
      if (!kept.has(upstream)) void upstream.stop(upstream.timeoutMs)
    }
    this.#changed(namespace, everything)
  }

  /** Calls the listener whenever what a namespace offers may have changed. */
  onChange(listener: ChangeListener): void {
    this.#listeners.add(listener)
  }

  reports(): readonly UpstreamReport[] {
    return [...this.#byNamespace.values()].flat().map(({ report }) => report)
  }

  /** Settles when every server is shut down. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true
    const running = [...this.#byNamespace.values()].flat()
    await Promise.all(running.map(upstream => upstream.stop(graceMs)))
  }

  #upstreamNeeds() {
    const { secrets, logins, log, now } = this.#needs
    const onChange = (upstream: Upstream, lists: readonly Offering[]) =>
      this.#changed(upstream.namespace, lists)
    return { secrets, logins, log, now, onChange }
  }

  #changed(namespace: string, lists: readonly Offering[]): void {
    if (this.#stopped) return
    this.#offers.delete(namespace)
    this.#needs.report(this.reports())
    for (const listener of this.#listeners) listener(namespace, lists)
  }
}

/** Settles with the promise, but no later than `ms` from now. */
function within(ms: number, promise: Promise<unknown>): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    promise.then(done, done)
  })
}
