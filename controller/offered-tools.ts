import type { ProxyReport, UpstreamReport } from '../schemas/proxy-report.ts'
import type { KnownTool } from '../schemas/tool-server.ts'

interface Seen {
  readonly seenAt: string
  readonly report: ProxyReport
}

/** The tools of every server by `namespace/server`, as the newest report that lists them has them. */
export function offeredTools(proxies: readonly Seen[]): ReadonlyMap<string, readonly KnownTool[]> {
  const oldestFirst = proxies.toSorted((a, b) => (a.seenAt < b.seenAt ? -1 : 1))
  const upstreams = oldestFirst.flatMap(({ report }) => report.upstreams)
  return new Map(
    upstreams.flatMap(upstream => {
      const tools = seenTools(upstream)
      return tools === null ? [] : [[`${upstream.namespace}/${upstream.name}`, tools] as const]
    }),
  )
}

/** Differs when the tools of a report do. */
export function toolsText(report: ProxyReport | undefined): string {
  return JSON.stringify(
    report?.upstreams.map(upstream => [upstream.namespace, upstream.name, seenTools(upstream)]),
  )
}

/** The tools of a server; null while nobody has seen them: one that cannot be reached has unknown tools, not none. */
function seenTools({ state, tools = [] }: UpstreamReport): readonly KnownTool[] | null {
  return state === 'connected' || tools.length > 0 ? tools : null
}
