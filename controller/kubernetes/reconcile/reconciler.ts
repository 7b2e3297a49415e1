import { run, type Service } from '../../../lifecycle/run.ts'
import { untilDone } from '../../../lifecycle/until-done.ts'
import { settledOrAborted } from '../../../lifecycle/wait.ts'
import type { CompileOptions } from '../../../policy/compile/compile.ts'
import type { StoredOverrides } from '../../overrides/stored-overrides.ts'
import type { Releases } from '../../publish/releases.ts'
import type { Fence } from '../../store/fence.ts'
import type { LastGoodObjects } from '../last-good-objects.ts'
import type { ObjectChange, Objects } from '../objects.ts'
import type { Provenance } from '../sources/provenance.ts'
import type { NamespaceCompiler } from './compile-namespace.ts'
import { openGoodVersions } from './good-versions.ts'
import { type NamespaceReconcilerNeeds, namespaceReconciler } from './namespace-reconciler.ts'
import type { Verdicts } from './verdicts.ts'
import { workQueue } from './work-queue.ts'

export interface ReconcilerNeeds extends Pick<NamespaceReconcilerNeeds, 'isStaying'> {
  readonly systemNamespace: string
  readonly objects: Pick<Objects, 'in' | 'namespaces' | 'subscribe' | 'synced'>
  readonly catalog: () => NonNullable<CompileOptions['catalog']>
  /** Calls the listener with namespaces whose tools look different to proxies by now; returns how to stop. */
  readonly onToolsChanged: (listener: (namespaces: readonly string[]) => void) => () => void
  readonly compile: NamespaceCompiler
  readonly lastGood: Pick<LastGoodObjects, 'read' | 'keep'>
  /** Which commits wrote what; opened once the objects are listed. */
  readonly provenance?: Pick<Provenance, 'open' | 'commitOf' | 'sourcesOf'>
  readonly verdicts: Verdicts
  readonly overrides: Pick<StoredOverrides, 'standing' | 'subscribe'>
  readonly releases: Pick<Releases, 'current' | 'publish'>
  /** Told after every namespace, and with whether others wait. */
  readonly onReconciled: (isLast: boolean) => void
  readonly onFailure: (error: unknown, namespace: string) => void
  readonly now: () => number
}

/** Edits that come in one go are compiled together. */
const settleMs = 50

/** Keeps the published tables equal to the objects, for the leader whose fence it is. */
export function reconciler(needs: ReconcilerNeeds, fence: Fence): Service {
  return {
    name: 'reconciler',
    async run(signal) {
      await settledOrAborted(needs.objects.synced, signal)
      const onFailure = (error: unknown) => needs.onFailure(error, needs.systemNamespace)
      const { provenance, systemNamespace } = needs
      const open = async () => {
        await provenance?.open()
        return openGoodVersions(needs.lastGood, provenance?.commitOf)
      }
      const good = await untilDone(open, onFailure, signal)
      if (good === null) return
      const { objects, overrides } = needs
      const parts = {
        ...{ objectsIn: objects.in, overrides: () => overrides.standing(), good, fence },
        ...(provenance && {
          commitOf: provenance.commitOf,
          // The policies of the system namespace are in every table.
          sourcesOf: (namespace: string) =>
            [...new Set([systemNamespace, namespace])].flatMap(provenance.sourcesOf),
        }),
      }
      await keepReconciled({ ...needs, ...parts }, overrides, signal)
    },
  }
}

async function keepReconciled(
  needs: Omit<ReconcilerNeeds, 'overrides'> & NamespaceReconcilerNeeds,
  overrides: ReconcilerNeeds['overrides'],
  signal: AbortSignal,
): Promise<void> {
  const { systemNamespace, objects, verdicts } = needs
  const { onFailure, onReconciled, now } = needs
  const reconcile = namespaceReconciler(needs)
  let isSystemKnown = false
  /** Those that were begun: what one that failed has changed already is new to the others all the same. */
  const begun = new Set([systemNamespace])

  const others = () => namespacesIn(needs).filter(name => name !== systemNamespace)

  /** The namespaces that one concerns as well. */
  const concerned = (namespace: string, isNew: boolean): readonly string[] => {
    if (!isNew) return []
    // A key that is free by now may be taken.
    return namespace === systemNamespace ? others() : verdicts.refusedFor('duplicate_key')
  }

  const queue = workQueue({
    settleMs,
    now,
    onFailure,
    async work(namespace, signal) {
      // Without the policies that narrow it, no namespace may be published.
      if (!isSystemKnown && namespace !== systemNamespace) return
      const isAgain = begun.has(namespace)
      begun.add(namespace)
      const isNew = await reconcile(namespace, signal)
      begun.delete(namespace)
      isSystemKnown = true
      for (const other of concerned(namespace, isNew || isAgain)) queue.add(other)
      onReconciled(queue.isEmpty)
    },
  })

  const unsubscribe = [
    objects.subscribe(change => {
      const namespace = (change.after ?? change.before)?.metadata.namespace
      if (namespace !== undefined && !isStatusOnly(change)) queue.add(namespace)
    }),
    overrides.subscribe(() => {
      for (const namespace of [systemNamespace, ...others()]) queue.add(namespace)
    }),
    needs.onToolsChanged(namespaces => {
      for (const namespace of namespaces) queue.add(namespace)
    }),
  ]
  queue.add(systemNamespace)
  try {
    await run([queue], signal)
  } finally {
    for (const stop of unsubscribe) stop()
  }
}

/** Every namespace that holds anything, has a table, or is to have one for a while; sorted. */
function namespacesIn({
  objects,
  good,
  releases,
  overrides,
}: Omit<ReconcilerNeeds, 'overrides'> & NamespaceReconcilerNeeds): readonly string[] {
  const known = [...objects.namespaces(), ...good.namespaces()]
  const released = releases.current().map(({ namespace }) => namespace)
  const added = overrides().flatMap(({ documents }) => documents.map(at => at.namespace))
  return [...new Set([...known, ...released, ...added])].sort()
}

/** Whether nothing that people write is different: the API server counts generations of that. */
function isStatusOnly({ before, after }: ObjectChange): boolean {
  if (before === null || after === null) return false
  const { uid, generation } = before.metadata
  return uid === after.metadata.uid && generation === after.metadata.generation
}
