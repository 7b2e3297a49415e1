import type { Kysely } from 'kysely'
import type { Service } from '../../../lifecycle/run.ts'
import { untilDone } from '../../../lifecycle/until-done.ts'
import { settledOrAborted } from '../../../lifecycle/wait.ts'
import { milliseconds } from '../../../policy/compile/milliseconds.ts'
import type { Directory } from '../../../schemas/directory.ts'
import type { PolicySourceSpec } from '../../../schemas/policy-source.ts'
import type { Compiler } from '../../compile/compiler.ts'
import type { ForgeEvent } from '../../forge/forge-event.ts'
import type { OpenReviewing } from '../../review/source-reviews.ts'
import type { Database } from '../../store/database.ts'
import type { Kube } from '../kube.ts'
import type { ObjectChange, Objects, WritObject } from '../objects.ts'
import type { NamespaceCompiler } from '../reconcile/compile-namespace.ts'
import type { Events } from '../status/events.ts'
import type { CandidateNeeds } from './candidate.ts'
import { type KeptSource, keepSource } from './keep-source.ts'
import { type OpenedSource, openSource, syncOf } from './opened-source.ts'
import type { Provenance } from './provenance.ts'
import { reviewSource } from './review-source.ts'
import { marks } from './source-objects.ts'

export interface PolicySourcesNeeds
  extends Pick<CandidateNeeds, 'catalog' | 'compile' | 'lastGood' | 'overrides'> {
  readonly systemNamespace: string
  /** Folder of the copies. */
  readonly folder: string
  readonly kube: Pick<Kube, 'get' | 'patch'>
  /** Writes as the field manager of sources. */
  readonly writer: Pick<Kube, 'patch' | 'remove'>
  readonly objects: Objects
  readonly directories: { all(): readonly Directory[] }
  readonly db: Kysely<Database>
  readonly provenance: Provenance
  /** Compiles namespaces by another compiler. */
  readonly compilation: (compiler: Pick<Compiler, 'compile'>) => NamespaceCompiler
  /** Opens what reviews changes; null while there is none. */
  readonly reviewing: () => OpenReviewing | null
  /** Calls the listener with what forges tell; returns how to stop. */
  readonly onForgeEvent: (listener: (event: ForgeEvent) => void) => () => void
  readonly events: Events
  readonly onFailure: (error: unknown, source: string) => void
  readonly now: () => number
}

/** Annotation whose change makes a source be looked at now. */
const lookAt = 'writ.dev/look-at'

interface Running {
  readonly version: string
  readonly object: WritObject
  readonly source: KeptSource
  readonly stop: AbortController
  readonly ended: Promise<void>
}

/** Keeps every PolicySource: begins with those that are there, and ends with those that are deleted, whose objects stay. */
export function policySources(needs: PolicySourcesNeeds): Service {
  const { objects } = needs
  const running = new Map<string, Running>()
  const opens = async () => {
    await needs.provenance.open()
    return 'open'
  }

  const settle = (object: WritObject | null, uid: string, signal: AbortSignal): void => {
    const known = running.get(uid)
    if (known !== undefined && known.version === versionOf(object)) return
    known?.stop.abort()
    running.delete(uid)
    if (object === null) return
    const stop = new AbortController()
    const one = begun(needs, object)
    const before = known?.ended
    const run = async () => {
      await before
      await one.run(AbortSignal.any([signal, stop.signal]))
    }
    const { source } = one
    running.set(uid, { version: versionOf(object), object, source, stop, ended: run() })
  }

  const follow = (change: ObjectChange, signal: AbortSignal): void => {
    if (isOfSource(change)) {
      for (const { source } of running.values()) source.wake()
    }
    const { metadata } = sourceIn(change) ?? {}
    if (metadata === undefined) return
    settle(change.after, metadata.uid, signal)
    if (isAsked(change)) running.get(metadata.uid)?.source.look()
  }

  return {
    name: 'policy sources',
    async run(signal) {
      await settledOrAborted(objects.synced, signal)
      const onFailure = (error: unknown) => needs.onFailure(error, 'all')
      if ((await untilDone(opens, onFailure, signal)) === null) return
      const unsubscribe = objects.subscribe(change => follow(change, signal))
      const unhear = needs.onForgeEvent(event => {
        for (const { object, source } of running.values()) if (isAbout(event, object)) source.look()
      })
      for (const object of objects.of('PolicySource')) settle(object, object.metadata.uid, signal)
      await settledOrAborted(new Promise(() => undefined), signal)
      unsubscribe()
      unhear()
      await Promise.all([...running.values()].map(({ ended }) => ended))
    },
  }
}

/** The source that a change is of, or null. */
function sourceIn({ before, after }: ObjectChange): WritObject | null {
  const object = after ?? before
  return object?.kind === 'PolicySource' ? object : null
}

function versionOf(object: WritObject | null): string {
  return `${object?.metadata.generation ?? 0}`
}

/** Whether somebody asks for the repository to be looked at. */
function isAsked({ before, after }: ObjectChange): boolean {
  const asked = after?.metadata.annotations?.[lookAt]
  return before !== null && asked !== undefined && asked !== before.metadata.annotations?.[lookAt]
}

/** Whether an object of a source is another than before, its status aside. */
function isOfSource({ before, after }: ObjectChange): boolean {
  const labels = { ...before?.metadata.labels, ...after?.metadata.labels }
  if (labels[marks.source] === undefined) return false
  return (
    before?.metadata.generation !== after?.metadata.generation ||
    JSON.stringify(before?.metadata.labels) !== JSON.stringify(after?.metadata.labels)
  )
}

const presetInterval = '1m'

/** A source, and the reviews of its changes once its repository is open. */
function begun(needs: PolicySourcesNeeds, object: WritObject): Begun {
  const { kube, objects, events, onFailure, now } = needs
  const { namespace, name } = object.metadata
  const spec = object.spec as PolicySourceSpec
  const { promise: opened, resolve } = Promise.withResolvers<OpenedSource>()
  const source = keepSource({
    ...{ kube, objects, now, events, object },
    intervalMs: milliseconds(spec.interval ?? presetInterval),
    async open() {
      const one = await openSource(needs, object)
      resolve(one)
      return syncOf(needs, one)
    },
    onFailure: error => onFailure(error, `${namespace}/${name}`),
  })
  const review = async (signal: AbortSignal) => {
    await settledOrAborted(opened, signal)
    const open = needs.reviewing()
    if (signal.aborted || open === null) return
    const reviewing = reviewSource(needs, await opened, open)
    const failed = (error: unknown) => onFailure(error, `${namespace}/${name}`)
    // A source goes on whatever becomes of its reviews.
    await untilDone(async () => reviewing?.run(signal), failed, signal)
  }
  return {
    source,
    async run(signal) {
      const ended = [source.run(signal), review(signal)]
      await Promise.all(ended)
    },
  }
}

interface Begun {
  readonly source: KeptSource
  run(signal: AbortSignal): Promise<void>
}

/** Whether an event is about the repository of a source. */
function isAbout({ kind, repository }: ForgeEvent, { metadata, spec }: WritObject): boolean {
  const { namespace, name } = metadata
  if (kind === 'source') return repository === `${namespace}/${name}`
  const { forge } = spec as PolicySourceSpec
  return kind === 'push' && forge?.repository.toLowerCase() === repository.toLowerCase()
}
