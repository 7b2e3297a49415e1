import type { Kysely } from 'kysely'
import type { ProxyReport, UpstreamReport } from '../schemas/proxy-report.ts'
import type { KnownTool } from '../schemas/tool-server.ts'
import { ControllerFailure } from './failure.ts'
import type { Database } from './store/database.ts'

/** What a proxy said of itself, and when. */
export interface SeenProxy {
  readonly seenAt: string
  readonly report: ProxyReport
}

export interface ProxiesNeeds {
  readonly db: Kysely<Database>
  readonly now: () => number
  /** Called when the tools that a proxy sees have changed. */
  readonly onToolsChanged: (report: ProxyReport) => void
}

const mostProxies = 10_000

/** Proxies that were not heard of for this long are forgotten. */
const forgottenAfterMs = 24 * 3600 * 1000

/** What the proxies report, kept across restarts. */
export class Proxies {
  readonly #needs: ProxiesNeeds
  readonly #byId = new Map<string, SeenProxy>()

  constructor(needs: ProxiesNeeds) {
    this.#needs = needs
  }

  async open(): Promise<void> {
    const rows = await this.#needs.db.selectFrom('proxies').selectAll().execute()
    for (const { id, seen_at, report } of rows) {
      this.#byId.set(id, { seenAt: seen_at.toISOString(), report: JSON.parse(report) })
    }
  }

  /** Every proxy heard of within a day, by id. */
  list(): readonly SeenProxy[] {
    const oldest = this.#needs.now() - forgottenAfterMs
    return [...this.#byId.values()]
      .filter(({ seenAt }) => Date.parse(seenAt) > oldest)
      .sort((a, b) => (a.report.proxy < b.report.proxy ? -1 : 1))
  }

  async report(report: ProxyReport): Promise<void> {
    const { db, now, onToolsChanged } = this.#needs
    const before = this.#byId.get(report.proxy)
    if (before === undefined) await this.#forget()
    if (before === undefined && this.#byId.size >= mostProxies) {
      throw new ControllerFailure('too_many_proxies', `more than ${mostProxies} proxies report`)
    }
    const seen_at = new Date(now())
    this.#byId.set(report.proxy, { seenAt: seen_at.toISOString(), report })
    const row = { seen_at, report: JSON.stringify(report) }
    await db
      .insertInto('proxies')
      .values({ id: report.proxy, ...row })
      .onConflict(existing => existing.column('id').doUpdateSet(row))
      .execute()
    if (toolsOf(before?.report) !== toolsOf(report)) onToolsChanged(report)
  }

  async #forget(): Promise<void> {
    const { db, now } = this.#needs
    const oldest = new Date(now() - forgottenAfterMs)
    for (const [id, { seenAt }] of this.#byId) {
      if (Date.parse(seenAt) < oldest.getTime()) this.#byId.delete(id)
    }
    await db.deleteFrom('proxies').where('seen_at', '<', oldest).execute()
  }

  /** The tools of every server by `namespace/server`, as the newest report that lists them has them. */
  offered(): ReadonlyMap<string, readonly KnownTool[]> {
    const oldestFirst = this.list().toSorted((a, b) => (a.seenAt < b.seenAt ? -1 : 1))
    const upstreams = oldestFirst.flatMap(({ report }) => report.upstreams)
    return new Map(
      upstreams.flatMap(upstream => {
        const tools = seenTools(upstream)
        return tools === null ? [] : [[`${upstream.namespace}/${upstream.name}`, tools] as const]
      }),
    )
  }
}

function toolsOf(report: ProxyReport | undefined): string {
  return JSON.stringify(
    report?.upstreams.map(upstream => [upstream.namespace, upstream.name, seenTools(upstream)]),
  )
}

/** The tools of a server; null while nobody has seen them: one that cannot be reached has unknown tools, not none. */
function seenTools({ state, tools = [] }: UpstreamReport): readonly KnownTool[] | null {
  return state === 'connected' || tools.length > 0 ? tools : null
}
