import { join } from 'node:path'
import type { Service } from '../../../lifecycle/run.ts'
import { settledOrAborted } from '../../../lifecycle/wait.ts'
import { milliseconds } from '../../../policy/compile/milliseconds.ts'
import type { Directory } from '../../../schemas/directory.ts'
import type { PolicySourceSpec } from '../../../schemas/policy-source.ts'
import { openRepository } from '../../git/open-repository.ts'
import { type RemoteUrl, remoteUrl } from '../../git/remote-url.ts'
import { presetBranch, signersInForce } from '../../sources/source-in-force.ts'
import { KubeFailure } from '../failure.ts'
import type { Kube } from '../kube.ts'
import type { ObjectChange, Objects, WritObject } from '../objects.ts'
import type { Events } from '../status/events.ts'
import type { CheckSourceNeeds } from './check-source.ts'
import { differences } from './difference.ts'
import { type KeptSource, keepSource } from './keep-source.ts'
import { namespaceSecrets } from './namespace-secrets.ts'
import { marks } from './source-objects.ts'
import { type SourceSync, syncSource } from './sync-source.ts'

export interface PolicySourcesNeeds extends Pick<CheckSourceNeeds, 'catalog' | 'compile'> {
  readonly systemNamespace: string
  /** Folder of the copies. */
  readonly folder: string
  readonly kube: Pick<Kube, 'get' | 'patch'>
  /** Writes as the field manager of sources. */
  readonly writer: Pick<Kube, 'patch' | 'remove'>
  readonly objects: Objects
  readonly directories: { all(): readonly Directory[] }
  readonly events: Events
  readonly onFailure: (error: unknown, source: string) => void
  readonly now: () => number
}

/** Annotation whose change makes a source be looked at now. */
const lookAt = 'writ.dev/look-at'

interface Running {
  readonly version: string
  readonly source: KeptSource
  readonly stop: AbortController
  readonly ended: Promise<void>
}

/** Keeps every PolicySource: begins with those that are there, and ends with those that are deleted, whose objects stay. */
export function policySources(needs: PolicySourcesNeeds): Service {
  const { objects } = needs
  const running = new Map<string, Running>()

  const settle = (object: WritObject | null, uid: string, signal: AbortSignal): void => {
    const known = running.get(uid)
    if (known !== undefined && known.version === versionOf(object)) return
    known?.stop.abort()
    running.delete(uid)
    if (object === null) return
    const stop = new AbortController()
    const source = keepSource(keeping(needs, object))
    const before = known?.ended
    const run = async () => {
      await before
      await source.run(AbortSignal.any([signal, stop.signal]))
    }
    running.set(uid, { version: versionOf(object), source, stop, ended: run() })
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
      const unsubscribe = objects.subscribe(change => follow(change, signal))
      for (const object of objects.of('PolicySource')) settle(object, object.metadata.uid, signal)
      await settledOrAborted(new Promise(() => undefined), signal)
      unsubscribe()
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

function keeping(needs: PolicySourcesNeeds, object: WritObject) {
  const { kube, objects, events, onFailure, now } = needs
  const { namespace, name } = object.metadata
  const spec = object.spec as PolicySourceSpec
  return {
    ...{ kube, objects, now, events, object },
    intervalMs: milliseconds(spec.interval ?? presetInterval),
    open: () => openSource(needs, object, spec),
    onFailure: (error: unknown) => onFailure(error, `${namespace}/${name}`),
  }
}

async function openSource(
  needs: PolicySourcesNeeds,
  { metadata }: WritObject,
  spec: PolicySourceSpec,
): Promise<SourceSync> {
  const { kube, writer, objects, systemNamespace, directories, folder } = needs
  const { namespace, name, uid } = metadata
  const owner = { namespace, name }
  const url = remoteUrl(spec.url)
  expectAllowed(url, namespace, systemNamespace)
  const secrets = namespaceSecrets(kube)
  const { secretRef, knownHosts = [], signatures } = spec
  const repository = await openRepository({
    folder: join(folder, uid),
    url,
    branch: spec.branch ?? presetBranch,
    credentials: async () => ({
      secret: secretRef === undefined ? null : await secrets(namespace, secretRef),
      knownHosts,
    }),
    signatures: () => ({
      required: signatures?.required === true,
      signers: signersInForce(directories.all(), { namespace, name, spec }, namespace),
    }),
  })
  return syncSource({
    ...{ repository, spec, owner, systemNamespace, objects },
    ...{ kube: writer, reader: kube, check: needs, differences: differences() },
  })
}

/** Folders and servers of the controller's own machine are not everybody's to read. */
function expectAllowed(url: RemoteUrl, namespace: string, systemNamespace: string): void {
  if (namespace === systemNamespace || url.scheme === 'https' || url.scheme === 'ssh') return
  const message = `Only a PolicySource in ${systemNamespace} may read ${url.scheme}: addresses.`
  throw new KubeFailure('refused', message)
}
