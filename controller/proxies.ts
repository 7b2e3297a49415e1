import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { ProxyReport } from '../schemas/proxy-report.ts'
import { ControllerFailure } from './failure.ts'
import { offeredTools, toolsText } from './offered-tools.ts'
import type { ProxyOwner } from './proxy-owners.ts'
import {
  type KeptProxy,
  keepBeats,
  keepReports,
  type ProxyBeat,
  proxiesChannel,
  readBeats,
  readIds,
  readReports,
} from './proxy-rows.ts'
import type { Database } from './store/database.ts'
import type { Follower } from './store/follow-store.ts'

/** What a proxy said of itself, and when. */
export interface SeenProxy {
  readonly seenAt: string
  readonly report: ProxyReport
  /** The only namespace that it enforces; null when it enforces all of them. */
  readonly namespace: string | null
  /** The pod that it is in. */
  readonly pod?: { readonly name: string; readonly uid: string }
}

export interface ProxiesNeeds {
  readonly db: Kysely<Database>
  readonly now: () => number
  /** Called when the tools that a proxy sees have changed. */
  readonly onToolsChanged: (report: ProxyReport) => void
}

interface Known extends SeenProxy {
  readonly digest: string
}

const mostProxies = 10_000

/** Proxies that were not heard of for this long are forgotten. One in a pod may be silent as long as its pod is there. */
const forgottenAfterMs = 24 * 3600 * 1000

/** Reports that say nothing new are gathered for this long. */
const gatherMs = 2000

/** Clocks of processes that share a store differ by less. */
const skewMs = 30_000

/** How often it is looked which ones others forgot. */
const compareMs = 60_000

/** What the proxies report to any of the processes that share a store, kept across restarts. */
export class Proxies implements Follower {
  readonly channel = proxiesChannel
  readonly #needs: ProxiesNeeds
  readonly #byId = new Map<string, Known>()
  readonly #listeners = new Set<(proxy: SeenProxy) => void>()
  readonly #news = new Set<string>()
  readonly #beats = new Set<string>()
  #saving: Promise<void> = Promise.resolve()
  #waiting: Promise<void> | null = null
  #savedAt = 0
  #lookedAt = 0
  #comparedAt = 0

  constructor(needs: ProxiesNeeds) {
    this.#needs = needs
  }

  async open(): Promise<void> {
    this.#lookedAt = this.#needs.now()
    const rows = await this.#needs.db.selectFrom('proxies').selectAll().execute()
    for (const row of rows) this.#byId.set(row.id, knownOf(row))
  }

  /** Every proxy heard of within a day, and those in pods, by id. */
  list(): readonly SeenProxy[] {
    const oldest = this.#needs.now() - forgottenAfterMs
    return [...this.#byId.values()]
      .filter(({ seenAt, pod }) => pod !== undefined || Date.parse(seenAt) > oldest)
      .map(({ digest: _, ...seen }) => seen)
      .sort((a, b) => (a.report.proxy < b.report.proxy ? -1 : 1))
  }

  /** Calls the listener with every proxy that says something new, wherever it says so; returns how to stop. */
  subscribe(listener: (proxy: SeenProxy) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Settles when what is new is kept; that a proxy said the same again may be kept later. */
  async report(report: ProxyReport, owner: ProxyOwner = { namespace: null }): Promise<void> {
    const { proxy } = report
    const before = this.#byId.get(proxy)
    if (before === undefined) await this.#forget()
    if (before === undefined && this.#byId.size >= mostProxies) {
      throw new ControllerFailure('too_many_proxies', `more than ${mostProxies} proxies report`)
    }
    const seenAt = new Date(this.#needs.now()).toISOString()
    const { namespace, pod } = owner
    const known = { seenAt, report, namespace, ...(pod && { pod: nameOf(pod) }) }
    const digest = digestOf(known)
    this.#byId.set(proxy, { ...known, digest })
    if (before?.digest !== digest) this.#news.add(proxy)
    else this.#beats.add(proxy)
    if (before?.digest !== digest) this.#tell(before, known)
    if (this.#news.has(proxy) || this.#needs.now() - this.#savedAt >= gatherMs) await this.#save()
  }

  /** Takes what proxies said to other processes since it was asked last. */
  async look(): Promise<void> {
    const { db, now } = this.#needs
    const startedAt = now()
    // What comes here while the store is read is newer than what is read.
    const before = new Map(this.#byId)
    for (const id of this.#news) before.delete(id)
    const mayHear = ({ id }: ProxyBeat) =>
      before.get(id)?.digest === this.#byId.get(id)?.digest && !this.#news.has(id)
    const beats = await readBeats(db, new Date(this.#lookedAt - skewMs))
    const unknown = beats.filter(({ id, digest }) => before.get(id)?.digest !== digest)
    const rows = await readReports(
      db,
      unknown.filter(mayHear).map(({ id }) => id),
    )
    this.#lookedAt = startedAt
    for (const row of rows.filter(mayHear)) this.#hear(row)
    for (const beat of beats) this.#noteBeat(beat)
    if (startedAt - this.#comparedAt >= compareMs) await this.#dropForgotten(startedAt)
  }

  /** Forgets proxies whose pods are gone. */
  async forget(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return
    for (const id of ids) {
      this.#byId.delete(id)
      this.#news.delete(id)
    }
    await this.#needs.db.deleteFrom('proxies').where('id', 'in', ids).execute()
  }

  /** The tools of every server by `namespace/server`, as the newest report that lists them has them. */
  offered(): ReturnType<typeof offeredTools> {
    return offeredTools(this.list())
  }

  /** Drops what another process forgot. */
  async #dropForgotten(at: number): Promise<void> {
    this.#comparedAt = at
    const kept = await readIds(this.#needs.db)
    for (const [id, { seenAt }] of this.#byId) {
      const isOld = Date.parse(seenAt) < at - skewMs
      if (isOld && !kept.has(id) && !this.#news.has(id)) this.#byId.delete(id)
    }
  }

  #hear(row: KeptProxy): void {
    const before = this.#byId.get(row.id)
    const known = knownOf(row)
    this.#byId.set(row.id, known)
    this.#tell(before, known)
  }

  #noteBeat({ id, digest, seen_at, seq, shipped }: ProxyBeat): void {
    const known = this.#byId.get(id)
    if (known?.digest !== digest || Date.parse(known.seenAt) >= seen_at.getTime()) return
    const report = { ...known.report, journal: { seq, shipped } }
    this.#byId.set(id, { ...known, seenAt: seen_at.toISOString(), report })
  }

  #tell(before: SeenProxy | undefined, known: SeenProxy): void {
    if (toolsText(before?.report) !== toolsText(known.report)) {
      this.#needs.onToolsChanged(known.report)
    }
    for (const listener of this.#listeners) listener(known)
  }

  /** One save at a time; all that is new while one is under way is in the next. */
  #save(): Promise<void> {
    this.#waiting ??= this.#saving
      .catch(() => undefined)
      .then(() => {
        this.#waiting = null
        this.#saving = this.#saveAll()
        return this.#saving
      })
    return this.#waiting
  }

  async #saveAll(): Promise<void> {
    const { db, now } = this.#needs
    this.#savedAt = now()
    const beats = this.#rows(this.#beats)
    this.#beats.clear()
    for (const { id } of await this.#newerThanKept(await keepBeats(db, beats))) this.#news.add(id)
    const news = this.#rows(this.#news)
    await keepReports(db, news)
    for (const { id, digest } of news) {
      if (this.#byId.get(id)?.digest === digest) this.#news.delete(id)
    }
  }

  /** A proxy may have gone to another process and said something new there; it may have come back as well. */
  async #newerThanKept(beats: readonly ProxyBeat[]): Promise<readonly ProxyBeat[]> {
    if (beats.length === 0) return []
    const ids = beats.map(({ id }) => id)
    const kept = await readReports(this.#needs.db, ids)
    const seen = new Map(kept.map(({ id, seen_at }) => [id, seen_at.getTime()]))
    return beats.filter(({ id, seen_at }) => (seen.get(id) ?? 0) < seen_at.getTime())
  }

  #rows(ids: ReadonlySet<string>): readonly KeptProxy[] {
    return [...ids].flatMap(id => {
      const known = this.#byId.get(id)
      return known === undefined ? [] : [rowOf(known)]
    })
  }

  async #forget(): Promise<void> {
    const { db, now } = this.#needs
    const oldest = new Date(now() - forgottenAfterMs)
    for (const [id, { seenAt, pod }] of this.#byId) {
      if (pod === undefined && Date.parse(seenAt) < oldest.getTime()) this.#byId.delete(id)
    }
    await db
      .deleteFrom('proxies')
      .where('seen_at', '<', oldest)
      .where('pod_uid', 'is', null)
      .execute()
  }
}

function nameOf({ name, uid }: NonNullable<ProxyOwner['pod']>): NonNullable<SeenProxy['pod']> {
  return { name, uid }
}

/** Of all that is known but when it was heard, and how far the journal is. */
function digestOf({ report: { journal: _, ...report }, namespace, pod }: SeenProxy): string {
  const text = JSON.stringify([report, namespace, pod ?? null])
  return createHash('sha256').update(text).digest('hex')
}

function rowOf({ seenAt, report, namespace, pod, digest }: Known): KeptProxy {
  return {
    id: report.proxy,
    seen_at: new Date(seenAt),
    report: JSON.stringify(report),
    namespace,
    pod_name: pod?.name ?? null,
    pod_uid: pod?.uid ?? null,
    digest,
    ...report.journal,
  }
}

function knownOf(row: KeptProxy): Known {
  const { seen_at, namespace, pod_name: name, pod_uid: uid, digest, seq, shipped } = row
  const report: ProxyReport = JSON.parse(row.report)
  return {
    seenAt: seen_at.toISOString(),
    report: digest === '' ? report : { ...report, journal: { seq, shipped } },
    namespace,
    ...(name !== null && uid !== null && { pod: { name, uid } }),
    digest,
  }
}
