import { setTimeout as after } from 'node:timers/promises'
import type { ControllerClient } from '../controller-client.ts'
import type { JoinedProxy } from './join-proxy.ts'

/** How long the ready line waits for policies, and then for tool servers, which may be slow or not there. */
const patience = { policiesMs: 5000, serversMs: 2000 }

const betweenMs = 25

/** What there is to see of a proxy. */
interface Watched {
  readonly tables: Pick<JoinedProxy['tables'], 'enforced' | 'rejected' | 'current'>
  upstreams: JoinedProxy['upstreams']
}

/**
 * Waits until what is written is in force at the proxy, or is known to be broken or refused, and then a
 * while for the tool servers. Settles within seven seconds: with null, or with why policies are not
 * known to be in force. Rejects when aborted.
 */
export async function untilReady(
  proxy: Watched,
  controller: Pick<ControllerClient, 'json'>,
  signal: AbortSignal,
  { policiesMs, serversMs } = patience,
): Promise<string | null> {
  const isDecided = await until(policiesMs, () => decided(proxy, controller), signal)
  if (!isDecided) return notYet
  await until(serversMs, async () => settled(proxy), signal)
  const [refused] = proxy.tables.rejected()
  return refused === undefined
    ? null
    : `the proxy refused the table of ${refused.namespace}: ${refused.error}`
}

const notYet = 'the newest policies are not in force yet; `writ status` shows what they wait for'

/** Whether it became so in time; an answer that does not come is a no. */
async function until(
  mostMs: number,
  isSo: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<boolean> {
  const end = new AbortController()
  const late = after(mostMs, 'late' as const, { signal: AbortSignal.any([signal, end.signal]) })
  late.catch(() => undefined)
  const asked = async () => {
    while (!end.signal.aborted) {
      if (await isSo()) return 'so' as const
      await after(betweenMs, undefined, { signal })
    }
    return 'late' as const
  }
  try {
    return (await Promise.race([asked(), late])) === 'so'
  } finally {
    end.abort()
  }
}

interface KnownStatus {
  readonly source: { readonly state: string }
  readonly namespaces: readonly { readonly namespace: string; readonly digest: string }[]
}

/** Whether what becomes of the policies is known. */
async function decided(
  { tables }: Watched,
  controller: Pick<ControllerClient, 'json'>,
): Promise<boolean> {
  const { source, namespaces } = (await controller.json('/api/v1/status')) as KnownStatus
  if (source.state === 'broken' || source.state === 'unreadable') return true
  const enforced = tables.enforced()
  const refused = new Set(tables.rejected().map(({ digest }) => digest))
  return (
    source.state === 'in_force' &&
    namespaces.every(
      ({ namespace, digest }) => enforced[namespace] === digest || refused.has(digest),
    )
  )
}

/** Whether every tool server of the tables has been reached, or not. */
function settled({ tables, upstreams }: Watched): boolean {
  const known = upstreams()
  return Object.keys(tables.enforced()).every(namespace =>
    (tables.current(namespace)?.table.servers ?? []).every(({ name }) =>
      known.some(
        upstream =>
          upstream.namespace === namespace &&
          upstream.name === name &&
          upstream.state !== 'connecting',
      ),
    ),
  )
}
