import { setTimeout as after } from 'node:timers/promises'
import type { ControllerClient } from '../controller-client.ts'
import type { JoinedProxy } from './join-proxy.ts'

/** How long the ready line waits for policies: past it the last good ones are served, and the log says why. */
const longestMs = 30_000

/** How long it then waits for tool servers, which may be slow or not there. */
const patienceMs = 5000

const betweenMs = 25

/**
 * Waits until what is written is in force at the proxy, or is known to be broken or refused, and then a
 * while for the tool servers. Rejects when aborted.
 */
export async function untilReady(
  proxy: JoinedProxy,
  controller: ControllerClient,
  signal: AbortSignal,
): Promise<void> {
  await until(longestMs, () => decided(proxy, controller), signal)
  await until(patienceMs, async () => settled(proxy), signal)
}

async function until(
  mostMs: number,
  isSo: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + mostMs
  while (performance.now() < deadline && !(await isSo())) {
    await after(betweenMs, undefined, { signal })
  }
}

interface KnownStatus {
  readonly source: { readonly state: string }
  readonly namespaces: readonly { readonly namespace: string; readonly digest: string }[]
}

/** Whether what becomes of the policies is known. */
async function decided(proxy: JoinedProxy, controller: ControllerClient): Promise<boolean> {
  const { source, namespaces } = (await controller.json('/api/v1/status')) as KnownStatus
  if (source.state === 'broken' || source.state === 'unreadable') return true
  const { tables } = proxy
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
function settled({ tables, upstreams }: JoinedProxy): boolean {
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
