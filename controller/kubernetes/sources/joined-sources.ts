import type { ForgeEvent } from '../../forge/forge-event.ts'
import type { OpenReviewing } from '../../review/source-reviews.ts'
import type { ClusterSources } from '../../sources/cluster-sources.ts'

/** Both sides of what is joined to the sources of a cluster. */
export interface JoinedSources {
  readonly sources: ClusterSources
  /** Opens what reviews changes; null while there is none. */
  readonly reviewing: () => OpenReviewing | null
  /** Calls the listener with what forges tell; returns how to stop. */
  readonly subscribe: (listener: (event: ForgeEvent) => void) => () => void
}

/** Nothing is joined yet. */
export function joinedSources(systemNamespace: string, isLeader: () => boolean): JoinedSources {
  const listeners = new Set<(event: ForgeEvent) => void>()
  let opening: OpenReviewing | null = null
  return {
    sources: {
      ...{ systemNamespace, isLeader },
      reviewBy(open) {
        opening = open
      },
      hear(event) {
        for (const listener of listeners) listener(event)
      },
    },
    reviewing: () => opening,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
