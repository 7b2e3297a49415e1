import type { PolicySourceState } from '../../../schemas/policy-source-state.ts'
import type { Kube } from '../kube.ts'
import { resourceOf } from '../objects.ts'
import { pluralOf } from '../reconcile/object-file.ts'
import { wordsOf } from './apply-objects.ts'
import type { SourceObject } from './source-objects.ts'

type Drifted = NonNullable<PolicySourceState['drifted']>[number]

/** Name by which the API server knows who applies objects of sources. */
export const fieldManager = 'writ-source'

/** Objects that are named in a status. */
export const mostNamed = 20

/** Who wrote last in objects that were edited, as the API server remembers it: of the first ones. */
export async function driftOf(
  kube: Pick<Kube, 'get'>,
  edited: readonly SourceObject[],
): Promise<readonly Drifted[]> {
  const drifted: Drifted[] = []
  for (const { kind, namespace, name, path } of edited.slice(0, mostNamed)) {
    const object = await kube.get(resourceOf({ plural: pluralOf(kind) }), { namespace, name })
    drifted.push({ object: wordsOf(path), ...editorIn(object?.metadata) })
  }
  return drifted
}

interface ManagedFields {
  readonly manager?: string
  readonly time?: string
  readonly subresource?: string
}

/** The newest writer besides sources and the status. */
function editorIn(metadata: unknown): Pick<Drifted, 'by' | 'at'> {
  const { managedFields = [] } = Object(metadata)
  const [last] = (managedFields as readonly ManagedFields[])
    .filter(({ manager, subresource }) => manager !== fieldManager && subresource === undefined)
    .sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1))
  const { manager, time } = last ?? {}
  return {
    ...(manager !== undefined && { by: manager.slice(0, 128) }),
    ...(time !== undefined && { at: time }),
  }
}
