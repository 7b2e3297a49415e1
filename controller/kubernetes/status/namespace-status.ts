import { isDeepStrictEqual } from 'node:util'
import { failedWith } from '../failure.ts'
import type { Kube } from '../kube.ts'
import { type Objects, resourceOf, type WritObject } from '../objects.ts'
import { commitOf, pathOfObject, pluralOf } from '../reconcile/object-file.ts'
import type { Verdict, Verdicts } from '../reconcile/verdicts.ts'
import { conditionsOf, type ObjectStatus, statusOf } from './conditions.ts'
import { type CountedProxy, enforcementOf } from './enforcement.ts'
import type { Events } from './events.ts'
import { newsOf } from './news.ts'
import type { ReleaseLog } from './release-log.ts'

export interface NamespaceStatusNeeds {
  readonly systemNamespace: string
  readonly kube: Pick<Kube, 'patch'>
  readonly objects: Pick<Objects, 'in' | 'take'>
  readonly verdicts: Pick<Verdicts, 'of'>
  readonly log: Pick<ReleaseLog, 'load' | 'current' | 'of' | 'namespaces'>
  readonly events: Events
  /** When the status of an object was written last, by its uid. */
  readonly written: Map<string, number>
  readonly now: () => number
}

/** While only counts change, a status is written once in this time, ms. */
const countsMs = 1000

/** Writes at once. */
const atOnce = 8

/** Writes the status of every object of a namespace that is not as it should be; returns whether all are by now. */
export async function writeNamespaceStatus(
  needs: NamespaceStatusNeeds,
  namespace: string,
  proxies: readonly CountedProxy[],
): Promise<boolean> {
  const { objects, verdicts } = needs
  const outdated = objects.in(namespace).flatMap(object => {
    const verdict = verdicts.of(namespace).get(pathOfObject(object))
    const status = verdict === undefined ? null : desired(needs, object, verdict, proxies)
    return status === null || isSame(object, status) ? [] : [{ object, status }]
  })
  const due = outdated.filter(({ object, status }) => mayWrite(needs, object, status))
  let isDone = due.length === outdated.length
  for (let at = 0; at < due.length; at += atOnce) {
    const some = due.slice(at, at + atOnce)
    const written = await Promise.all(
      some.map(({ object, status }) => write(needs, object, status)),
    )
    isDone &&= written.every(Boolean)
  }
  return isDone
}

/** Null while the newest version was not looked at, or the table in force is not known. */
function desired(
  { systemNamespace, log, now }: NamespaceStatusNeeds,
  object: WritObject,
  verdict: Verdict,
  proxies: readonly CountedProxy[],
): ObjectStatus | null {
  const { uid, generation = 0, namespace } = object.metadata
  if (verdict.uid !== uid || verdict.generation !== generation) return null
  const path = pathOfObject(object)
  const commit = commitOf(generation)
  const current = log.current(namespace)
  if (current === null && log.namespaces().includes(namespace)) return null
  const isInForce = verdict.inForce === generation && current?.files?.get(path) === commit
  const table = isInForce ? (knownTable(object) ?? current.digest) : null
  const since = table === null ? 0 : (log.of(namespace, table)?.sequence ?? 0)
  const everywhere = namespace === systemNamespace && travels.has(object.kind)
  const version = { path, commit, since, namespace: everywhere ? null : namespace }
  const enforcement = enforcementOf(version, proxies, log)
  return statusOf({ object, verdict, table, enforcement, now: now() })
}

/** Kinds that the system namespace lends to the tables of all others. */
const travels: ReadonlySet<string> = new Set(['AccessPolicy', 'ApprovalWorkflow'])

/** The table in which this generation came into force, when that was written down already. */
function knownTable(object: WritObject): string | null {
  const { table } = Object(object.status)
  const programmed = conditionsOf(object).find(({ type }) => type === 'Programmed')
  const isOfThis = programmed?.observedGeneration === object.metadata.generation
  return programmed?.status === 'True' && isOfThis && typeof table === 'string' ? table : null
}

function isSame(object: WritObject, status: ObjectStatus): boolean {
  const { observedGeneration, conditions = [], table, problems } = Object(object.status)
  return isDeepStrictEqual(
    { observedGeneration, conditions, table, problems },
    { table: undefined, problems: undefined, ...status },
  )
}

/** What people wait for is written at once; counts that go up are gathered. */
function mayWrite(
  { written, now }: NamespaceStatusNeeds,
  object: WritObject,
  status: ObjectStatus,
): boolean {
  const last = written.get(object.metadata.uid)
  return last === undefined || now() - last >= countsMs || kernel(object.status) !== kernel(status)
}

/** A status without its words. */
function kernel(status: unknown): string {
  const { observedGeneration, table, problems } = Object(status)
  const states = conditionsOf({ status }).map(({ type, status, reason }) => [type, status, reason])
  return JSON.stringify([observedGeneration, table, problems, states])
}

async function write(
  { kube, objects, events, written, now }: NamespaceStatusNeeds,
  object: WritObject,
  status: ObjectStatus,
): Promise<boolean> {
  const { kind, metadata } = object
  const { namespace, name, resourceVersion, uid } = metadata
  const address = { namespace, name, subresource: 'status' }
  const body = { metadata: { resourceVersion }, status: { table: null, problems: null, ...status } }
  try {
    const answer = await kube.patch(resourceOf({ plural: pluralOf(kind) }), address, {
      merge: body,
    })
    objects.take(kind, answer)
  } catch (error) {
    // Somebody was faster, or the object is gone: the informer tells of that.
    if (failedWith(error, 'conflict', 'not_found')) return false
    throw error
  }
  written.set(uid, now())
  for (const event of newsOf(object, status)) await events.tell(object, event)
  return true
}
