import type { Problem } from '../../../schemas/problem.ts'
import { KubeFailure } from '../failure.ts'
import type { Kube } from '../kube.ts'
import type { KubeObject } from '../kube-object.ts'
import { type Objects, resourceOf, type WritObject } from '../objects.ts'
import { pathOfObject, pluralOf } from '../reconcile/object-file.ts'
import type { Differences } from './difference.ts'
import { appliedObject, type Owner, ownLabels, type SourceObject } from './source-objects.ts'

export interface ApplyObjectsNeeds {
  /** Writes as the field manager of sources. */
  readonly kube: Pick<Kube, 'patch' | 'remove'>
  readonly objects: Pick<Objects, 'get' | 'in' | 'namespaces' | 'take'>
  readonly differences: Differences
  readonly owner: Owner
  /** Told of every generation that was written, before anybody else hears of it. */
  readonly onWritten: (object: KubeObject, commit: string) => Promise<void>
}

/** What is to be there. */
export interface Wanted {
  readonly commit: string
  readonly objects: readonly SourceObject[]
  /** Whether what was edited is put back. */
  readonly reverts: boolean
}

/** What was done, and what was left. */
export interface AppliedObjects {
  readonly applied: readonly SourceObject[]
  readonly putBack: readonly SourceObject[]
  readonly removed: readonly string[]
  /** Edited since they were applied, and left as they are. */
  readonly edited: readonly SourceObject[]
  /** What the API server did not take. */
  readonly problems: readonly Pick<Problem, 'code' | 'message'>[]
}

/** Makes the objects of a source equal to what its repository says. What was edited by hand is left unless it is to be put back. */
export async function applyObjects(
  needs: ApplyObjectsNeeds,
  { commit, objects: wanted, reverts }: Wanted,
  signal: AbortSignal,
): Promise<AppliedObjects> {
  const applied: SourceObject[] = []
  const putBack: SourceObject[] = []
  const edited: SourceObject[] = []
  const problems: Refusal[] = []
  for (const object of wanted) {
    signal.throwIfAborted()
    const outcome = await applyOne(needs, object, { commit, reverts })
    if (outcome === 'applied') applied.push(object)
    else if (outcome === 'put_back') putBack.push(object)
    else if (outcome === 'edited') edited.push(object)
    else if (outcome !== 'same') problems.push(outcome)
  }
  // Something may be missing only because it was refused.
  const removed = problems.length > 0 ? [] : await prune(needs, wanted)
  return { applied, putBack, edited, removed, problems }
}

type Refusal = Pick<Problem, 'code' | 'message'>

async function applyOne(
  needs: ApplyObjectsNeeds,
  object: SourceObject,
  { commit, reverts }: Pick<Wanted, 'commit' | 'reverts'>,
): Promise<'same' | 'edited' | 'applied' | 'put_back' | Refusal> {
  const { objects, differences, owner } = needs
  const live = objects.get(object.kind, object.namespace, object.name)
  const difference = differences.of(live, object, owner)
  if (difference === 'same') return 'same'
  if (difference === 'edited' && !reverts) return 'edited'
  const refusal = foreign(live, owner) ?? (await put(needs, object, commit))
  return refusal ?? (difference === 'edited' ? 'put_back' : 'applied')
}

/** Why an object is not taken from the source that brings it, or null. */
export function foreign(live: WritObject | null, owner: Owner): Refusal | null {
  const labels = live?.metadata.labels ?? {}
  const entries = Object.entries(ownLabels(owner))
  const isOthers = entries.some(
    ([key, value]) => labels[key] !== undefined && labels[key] !== value,
  )
  if (live === null || !isOthers) return null
  const message = `${wordsOf(pathOfObject(live))} is of another PolicySource.`
  return { code: 'owned_by_another_source', message }
}

async function put(
  { kube, objects, differences, owner, onWritten }: ApplyObjectsNeeds,
  object: SourceObject,
  commit: string,
): Promise<Refusal | null> {
  const { kind, namespace, name, spec } = object
  const resource = resourceOf({ plural: pluralOf(kind) })
  try {
    const apply = appliedObject(object, owner, commit)
    let answer = await kube.patch(resource, { namespace, name }, { apply })
    // Server-side apply leaves what others added; what the repository says is all there is to be.
    if (!differences.isSame(object, answer.spec)) {
      const json = [{ op: 'replace', path: '/spec', value: spec }]
      answer = await kube.patch(resource, { namespace, name }, { json })
    }
    differences.learn(object, answer.spec)
    const written = onWritten(answer, commit)
    objects.take(kind, answer)
    await written
    return null
  } catch (error) {
    if (!(error instanceof KubeFailure) || transient.has(error.code)) throw error
    const message = `${wordsOf(object.path)} was refused: ${error.message.slice(0, 500)}`
    return { code: 'object_refused', message }
  }
}

const transient: ReadonlySet<string> = new Set(['unreachable', 'busy', 'conflict', 'unauthorized'])

async function prune(
  { kube, objects, owner }: ApplyObjectsNeeds,
  wanted: readonly SourceObject[],
): Promise<readonly string[]> {
  const paths = new Set(wanted.map(({ path }) => path))
  const labels = Object.entries(ownLabels(owner))
  const gone = objects
    .namespaces()
    .flatMap(namespace => objects.in(namespace))
    .filter(({ metadata }) => labels.every(([key, value]) => metadata.labels?.[key] === value))
    .filter(object => !paths.has(pathOfObject(object)))
  for (const { kind, metadata } of gone) {
    const { namespace, name } = metadata
    await kube.remove(resourceOf({ plural: pluralOf(kind) }), { namespace, name })
  }
  return gone.map(pathOfObject)
}

/** `accesspolicies/guard` of `team/accesspolicies/guard`. */
export function wordsOf(path: string): string {
  return path.slice(path.indexOf('/') + 1)
}
