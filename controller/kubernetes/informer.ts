import { backoff } from '../../lifecycle/backoff.ts'
import type { Service } from '../../lifecycle/run.ts'
import { wait } from '../../lifecycle/wait.ts'
import { failedWith } from './failure.ts'
import type { Kube, KubeSelection } from './kube.ts'
import type { KubeObject, KubeResource } from './kube-object.ts'

/** What a cache of objects is told. */
export interface InformerCache {
  /** Everything there is now: what is not in it is gone. */
  replaceAll(objects: readonly KubeObject[]): void
  put(object: KubeObject): void
  remove(object: KubeObject): void
}

export interface InformerNeeds {
  readonly kube: Pick<Kube, 'list' | 'watch'>
  readonly resource: KubeResource
  readonly selection?: KubeSelection
  readonly cache: InformerCache
  /** Told of every failure; the next try comes by itself. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Keeps a cache equal to what the API server has: lists once, then watches from that version on. A watch
 * that ends is taken up where it stopped; when that is too long ago (410) everything is listed again.
 */
export function informer(needs: InformerNeeds): Service {
  const { kube, resource, selection = {}, cache, onFailure } = needs
  const waits = backoff(200, 5000)
  let version: string | null = null

  const list = async (signal: AbortSignal): Promise<string> => {
    const { items, resourceVersion } = await kube.list(resource, selection, signal)
    cache.replaceAll(items)
    waits.reset()
    return resourceVersion
  }

  const follow = async (from: string, signal: AbortSignal): Promise<void> => {
    const events = kube.watch(resource, { ...selection, resourceVersion: from }, signal)
    for await (const { type, object } of events) {
      waits.reset()
      version = object.metadata.resourceVersion
      if (type === 'DELETED') cache.remove(object)
      else if (type !== 'BOOKMARK') cache.put(object)
    }
  }

  const attempt = async (signal: AbortSignal): Promise<void> => {
    try {
      version ??= await list(signal)
      await follow(version, signal)
    } catch (error) {
      if (signal.aborted) return
      if (failedWith(error, 'gone')) version = null
      else onFailure(error)
    }
  }

  return {
    name: `informer of ${resource.plural}`,
    async run(signal) {
      while (!signal.aborted) {
        await attempt(signal)
        await wait(waits.next(), signal)
      }
    },
  }
}
