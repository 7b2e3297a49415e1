import type { SeenProxy } from '../../proxies.ts'
import type { Kube } from '../kube.ts'
import type { KubeResource } from '../kube-object.ts'
import type { CountedProxy } from './enforcement.ts'

export interface PresenceNeeds {
  readonly proxies: {
    list(): readonly SeenProxy[]
    /** Those whose pods are gone. */
    forget(ids: readonly string[]): Promise<void>
  }
  readonly kube: Pick<Kube, 'get'>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** The proxies that count: those that were heard of, and silent ones that should be there. */
export type Presence = () => Promise<readonly CountedProxy[]>

const pods: KubeResource = { group: '', version: 'v1', plural: 'pods' }

/** When a proxy counts as silent, how long one outside of a pod is expected back, and how often a pod is asked for, ms. */
const lasts = { heard: 20_000, expected: 600_000, asked: 5000 }

/** Asks the API server for the pods of proxies that are silent; those whose pods have been gone for a while are forgotten. */
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

  const silentMs = ({ seenAt }: SeenProxy) => now() - Date.parse(seenAt)

  return async () => {
    const counted: CountedProxy[] = []
    const gone: string[] = []
    for (const proxy of proxies.list()) {
      const { namespace, pod, report } = proxy
      const silent = silentMs(proxy)
      const isHeard = silent < lasts.heard
      const isCounted = await counts(proxy, silent)
      if (isCounted) counted.push({ namespace, isHeard, enforced: report.enforced })
      else if (pod !== undefined && silent > lasts.expected) gone.push(report.proxy)
    }
    await proxies.forget(gone)
    forgetOld(asked, now() - lasts.expected)
    return counted
  }
}

function forgetOld(asked: Map<string, { readonly at: number }>, before: number): void {
  for (const [uid, { at }] of asked) if (at < before) asked.delete(uid)
}
