import type { Kysely } from 'kysely'
import type { Service } from '../../../lifecycle/run.ts'
import { wait } from '../../../lifecycle/wait.ts'
import type { ApprovalRequestStatus } from '../../../schemas/approval-request.ts'
import type { Database } from '../../store/database.ts'
import type { Objects, WritObject } from '../objects.ts'
import { kind, type MirrorLimits, type RequestPlace } from './mirror-request.ts'
import { isFinal } from './request-object.ts'
import { waitingRequests } from './waiting-requests.ts'

export interface RoundsNeeds {
  readonly db: Kysely<Database>
  readonly objects: Pick<Objects, 'of'>
  readonly limits: MirrorLimits
  readonly now: () => number
  /** Has a question looked at. */
  readonly add: (place: RequestPlace) => void
  /** Removes the object of a question that is over. */
  readonly remove: (place: RequestPlace) => Promise<void>
  /** Told of every failure; the next round comes by itself. */
  readonly onFailure: (error: unknown) => void
}

const everyMs = 60_000

/** Once a minute has everything looked at that may have changed unheard, or that has been shown for long enough. */
export function rounds(needs: RoundsNeeds): Service {
  return {
    name: 'rounds of the mirror',
    async run(signal) {
      while (!signal.aborted) {
        await round(needs).catch(needs.onFailure)
        await wait(everyMs, signal)
      }
    },
  }
}

async function round({ db, objects, limits, now, add, remove }: RoundsNeeds): Promise<void> {
  const all = objects.of(kind)
  for (const object of all) {
    const { state } = statusOf(object)
    if (!isFinal(state) || now() - overSince(object) > limits.shownMs) add(placeOf(object))
  }
  for (const place of await waitingRequests(db, limits.open)) add(place)
  for (const object of surplus(all, limits)) await remove(placeOf(object))
}

/** Questions that are over, but for the newest of each namespace: the cluster is no archive. */
function surplus(objects: readonly WritObject[], limits: MirrorLimits): readonly WritObject[] {
  const over = objects
    .filter(object => isFinal(statusOf(object).state))
    .sort((a, b) => overSince(b) - overSince(a))
  const byNamespace = Map.groupBy(over, ({ metadata }) => metadata.namespace)
  return [...byNamespace.values()].flatMap(newestFirst => newestFirst.slice(limits.over))
}

function overSince(object: WritObject): number {
  const { consumedAt, resolvedAt } = statusOf(object)
  return Date.parse(consumedAt ?? resolvedAt ?? object.metadata.creationTimestamp ?? '')
}

function statusOf({ status }: WritObject): ApprovalRequestStatus {
  return { state: 'pending', decisions: [], ...Object(status) }
}

function placeOf({ metadata: { namespace, name } }: WritObject): RequestPlace {
  return { namespace, id: name }
}
