import type { ForgeEvent } from '../forge/forge-event.ts'
import type { OpenReviewing } from '../review/source-reviews.ts'

/** The sources of a cluster, as far as others are joined to them. */
export interface ClusterSources {
  /** The namespace whose policies narrow every other. */
  readonly systemNamespace: string
  /** Whether this controller is the one that looks into repositories. */
  isLeader(): boolean
  /** Has the changes of each source reviewed while it is kept here. */
  reviewBy(open: OpenReviewing): void
  /** Looks into the repositories that an event is about. */
  hear(event: ForgeEvent): void
}
