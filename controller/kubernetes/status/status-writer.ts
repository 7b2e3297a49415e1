import { backoff } from '../../../lifecycle/backoff.ts'
import type { Service } from '../../../lifecycle/run.ts'
import { untilDone } from '../../../lifecycle/until-done.ts'
import { wait } from '../../../lifecycle/wait.ts'
import type { Proxies } from '../../proxies.ts'
import type { Releases } from '../../publish/releases.ts'
import type { Kube } from '../kube.ts'
import type { Objects } from '../objects.ts'
import type { Verdicts } from '../reconcile/verdicts.ts'
import type { CountedProxy } from './enforcement.ts'
import type { Events } from './events.ts'
import { type NamespaceStatusNeeds, writeNamespaceStatus } from './namespace-status.ts'
import { presence } from './presence.ts'
import { openReleaseLog } from './release-log.ts'

export interface StatusWriterNeeds {
  readonly systemNamespace: string
  readonly kube: Pick<Kube, 'get' | 'patch'>
  readonly objects: Pick<Objects, 'in' | 'namespaces' | 'take' | 'subscribe'>
  readonly verdicts: Verdicts
  readonly releases: Releases
  readonly proxies: Pick<Proxies, 'list' | 'forget'>
  readonly events: Events
  /** Told of every failure; the next try comes by itself. */
  readonly onFailure: (error: unknown) => void
  readonly now: () => number
}

/** What changes in this time is written at once, ms. */
const gatherMs = 200

/** Writes into objects whether they are accepted, in a table, and enforced, whenever that changes. */
export function statusWriter(needs: StatusWriterNeeds): Service {
  return {
    name: 'status writer',
    async run(signal) {
      const { objects, verdicts, releases, onFailure } = needs
      const due = new Set(objects.namespaces())
      const add = (namespace: string) => due.add(namespace)
      const open = () => openReleaseLog({ releases, onNews: add })
      const log = await untilDone(open, onFailure, signal)
      if (log === null) return
      const written = new Map<string, number>()
      const stops = [
        log.close,
        verdicts.subscribe(add),
        objects.subscribe(({ before, after }) => {
          const { namespace, uid } = (after ?? before)?.metadata ?? {}
          if (namespace !== undefined) add(namespace)
          if (after === null && uid !== undefined) written.delete(uid)
        }),
      ]
      const pass = passes({ ...needs, log, written }, due)
      const waits = backoff(gatherMs, 10_000)
      while (!signal.aborted) {
        await wait(waits.next(), signal)
        if (!signal.aborted) await pass(signal).then(waits.reset, onFailure)
      }
      for (const stop of stops) stop()
    },
  }
}

/** One pass after the other over the namespaces that are due; one that fails leaves the rest for the next. */
function passes(needs: StatusWriterNeeds & NamespaceStatusNeeds, due: Set<string>) {
  const look = presence(needs)
  let seen: Sights = new Map()
  return async (signal: AbortSignal): Promise<void> => {
    await needs.log.load()
    const proxies = await look()
    const sights = sightsOf(proxies)
    for (const namespace of concerned(needs, seen, sights)) due.add(namespace)
    seen = sights
    for (const namespace of [...due]) {
      if (signal.aborted) return
      // What changes while it is written makes it due again.
      due.delete(namespace)
      const isDone = await writeNamespaceStatus(needs, namespace, proxies).catch(error => {
        due.add(namespace)
        throw error
      })
      if (!isDone) due.add(namespace)
    }
  }
}

/** How proxies look, by the namespace that they are for; empty for those of all namespaces. */
type Sights = ReadonlyMap<string, string>

function sightsOf(proxies: readonly CountedProxy[]): Sights {
  const byScope = Map.groupBy(proxies, ({ namespace }) => namespace ?? '')
  return new Map([...byScope].map(([scope, some]) => [scope, JSON.stringify(some)]))
}

/** The namespaces whose objects are enforced by other proxies than before, or enforced differently. */
function concerned(
  { objects, systemNamespace }: StatusWriterNeeds,
  before: Sights,
  after: Sights,
): readonly string[] {
  const scopes = [...new Set([...before.keys(), ...after.keys()])]
  const changed = scopes.filter(scope => before.get(scope) !== after.get(scope))
  if (changed.includes('')) return objects.namespaces()
  return changed.length === 0 ? [] : [...changed, systemNamespace]
}
