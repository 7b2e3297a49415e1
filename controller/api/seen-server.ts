import type { KnownTool } from '../../schemas/tool-server.ts'
import type { SeenProxy } from '../proxies.ts'

/** Whether any proxy reaches a server. */
export const serverStates = ['active', 'error', 'unknown'] as const

/** A server as proxies see it. */
export interface SeenServer {
  readonly status: (typeof serverStates)[number]
  /** When a proxy spoke of it last. */
  readonly seenAt?: string
  /** Why a proxy does not reach it. */
  readonly error?: string
  /** What it offers, as it was seen last; absent while nobody has seen it. */
  readonly tools?: readonly KnownTool[]
}

/** What proxies say of a server: it is active where any of them reaches it. */
export function seenServer(
  proxies: readonly SeenProxy[],
  namespace: string,
  name: string,
): SeenServer {
  const newestFirst = proxies
    .flatMap(({ seenAt, report }) =>
      report.upstreams
        .filter(upstream => upstream.namespace === namespace && upstream.name === name)
        .map(upstream => ({ seenAt, ...upstream })),
    )
    .sort((a, b) => (a.seenAt > b.seenAt ? -1 : 1))
  const reached = newestFirst.some(({ state }) => state === 'connected')
  const failed = newestFirst.find(({ state }) => state === 'failed')
  const tools = newestFirst.find(one => one.state === 'connected' || (one.tools ?? []).length > 0)
  return {
    status: reached ? 'active' : failed === undefined ? 'unknown' : 'error',
    ...(newestFirst[0] && { seenAt: newestFirst[0].seenAt }),
    ...(failed?.error !== undefined && { error: failed.error }),
    ...(tools && { tools: tools.tools ?? [] }),
  }
}
