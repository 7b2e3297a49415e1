import { randomBytes } from 'node:crypto'
import type { Kube } from '../kube.ts'
import type { KubeResource } from '../kube-object.ts'
import type { WritObject } from '../objects.ts'

/** What is told of an object. */
export interface ObjectEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly action: string
  readonly note: string
}

/** Tells people what happened to an object, as `kubectl describe` and `kubectl events` show it. */
export interface Events {
  /** Settles when it is told, or not: an event is no record, and one that fails is left out. */
  tell(object: WritObject, event: ObjectEvent): Promise<void>
}

export interface EventsNeeds {
  readonly kube: Pick<Kube, 'create' | 'patch'>
  /** Who tells. */
  readonly identity: string
  readonly onFailure: (error: unknown) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
}

const events: KubeResource = { group: 'events.k8s.io', version: 'v1', plural: 'events' }

/** Events of one object that come at once, and how long one takes to be allowed again, ms. */
const limit = { burst: 20, againMs: 30_000 }

/** How long the same event counts on, ms. */
const sameMs = 600_000

/** Objects and events that are remembered. */
const mostRemembered = 5000

interface Told {
  readonly name: string
  readonly at: number
  readonly count: number
}

/** Nothing was told yet. */
export function openEvents(needs: EventsNeeds): Events {
  const { kube, identity, onFailure, now } = needs
  const told = new Map<string, Told>()
  const spent = new Map<string, { readonly count: number; readonly at: number }>()

  const mayTell = (uid: string): boolean => {
    const { count, at } = spent.get(uid) ?? { count: 0, at: now() }
    const left = Math.max(0, count - (now() - at) / limit.againMs)
    if (left + 1 > limit.burst) return false
    remember(spent, uid, { count: left + 1, at: now() })
    return true
  }

  return {
    async tell(object, event) {
      const { uid, namespace } = object.metadata
      const key = JSON.stringify([uid, event])
      if (!mayTell(uid)) return
      const known = told.get(key)
      const time = microTime(now())
      try {
        if (known !== undefined && now() - known.at < sameMs) {
          const count = known.count + 1
          const series = { count, lastObservedTime: time }
          await kube.patch(events, { namespace, name: known.name }, { merge: { series } })
          remember(told, key, { ...known, at: now(), count })
        } else {
          const body = eventOf(object, event, { identity, time })
          await kube.create(events, { namespace }, body)
          remember(told, key, { name: body.metadata.name, at: now(), count: 1 })
        }
      } catch (error) {
        told.delete(key)
        onFailure(error)
      }
    },
  }
}

function eventOf(
  { apiVersion, kind, metadata }: WritObject,
  { type, reason, action, note }: ObjectEvent,
  { identity, time }: { readonly identity: string; readonly time: string },
) {
  const { name, namespace, uid, resourceVersion } = metadata
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, 200)}.${randomBytes(8).toString('hex')}`, namespace },
    eventTime: time,
    reportingController: 'writ.dev/controller',
    reportingInstance: identity.slice(0, 128),
    type,
    reason,
    action,
    note: note.slice(0, 1000),
    regarding: { apiVersion, kind, name, namespace, uid, resourceVersion },
  }
}

/** Forgets what was remembered longest ago when there is too much. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > mostRemembered && oldest !== undefined) map.delete(oldest)
}

/** A time with microseconds. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}
