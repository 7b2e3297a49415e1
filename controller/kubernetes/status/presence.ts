import type { SeenProxy } from '../../proxies.ts'
import type { Kube } from '../kube.ts'
import type { KubeResource } from '../kube-object.ts'
import type { CountedProxy } from './enforcement.ts'

export interface PresenceNeeds {
  readonly proxies: { list(): readonly SeenProxy[] }
  readonly kube: Pick<Kube, 'get'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** The proxies that count: those that were heard of, and silent ones that should be there. */
export type Presence = () => Promise<readonly CountedProxy[]>

const pods: KubeResource = { group: '', version: 'v1', plural: 'pods' }

/** When a proxy counts as silent, how long one outside of a pod is expected back, and how often a pod is asked for, ms. */
const lasts = { heard: 20_000, expected: 600_000, asked: 5000 }

/** Asks the API server for the pods of proxies that are silent. */
export function presence({ proxies, kube, now }: PresenceNeeds): Presence {
  const asked = new Map<string, { readonly at: number; readonly isThere: boolean }>()

  const isThere = async ({ namespace, pod }: SeenProxy): Promise<boolean> => {
    if (pod === undefined || namespace === null) return false
    const known = asked.get(pod.uid)
    if (known !== undefined && now() - known.at < lasts.asked) return known.isThere
    const object = await kube.get(pods, { namespace, name: pod.name })
    const hasEnded = ['Succeeded', 'Failed'].includes(Object(object?.status).phase)
    const answer = object?.metadata.uid === pod.uid && !hasEnded
    asked.set(pod.uid, { at: now(), isThere: answer })
    return answer
  }

  const counts = async (proxy: SeenProxy, silentMs: number): Promise<boolean> => {
    if (silentMs < lasts.heard) return true
    return proxy.pod === undefined ? silentMs < lasts.expected : isThere(proxy)
  }

  return async () => {
    const counted: CountedProxy[] = []
    for (const proxy of proxies.list()) {
      const silentMs = now() - Date.parse(proxy.seenAt)
      const { namespace, report } = proxy
      const isHeard = silentMs < lasts.heard
      if (!(await counts(proxy, silentMs))) continue
      counted.push({ namespace, isHeard, enforced: report.enforced })
    }
    for (const [uid, { at }] of asked) if (now() - at > lasts.expected) asked.delete(uid)
    return counted
  }
}
