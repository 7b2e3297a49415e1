import Type from 'typebox'
import { closed, resourceName, stringMap } from './field.ts'

export const apiVersion = 'writ.dev/v1alpha1'

/** A name in a namespace, in the shape of Kubernetes ObjectMeta; what the API server adds is accepted and not read. */
const Metadata = closed(
  {
    name: resourceName('Name of the resource, unique for its kind in its namespace.'),
    namespace: Type.Optional(
      resourceName('The account that the resource belongs to; `default` when omitted.'),
    ),
    labels: Type.Optional(stringMap('Labels, as on any Kubernetes object.')),
    annotations: Type.Optional(stringMap('Annotations, as on any Kubernetes object.', 256)),
    uid: Type.Optional(Type.String({ description: 'Set by the API server.' })),
    resourceVersion: Type.Optional(Type.String({ description: 'Set by the API server.' })),
    generation: Type.Optional(Type.Integer({ description: 'Set by the API server.' })),
    creationTimestamp: Type.Optional(
      Type.Union([Type.String(), Type.Null()], { description: 'Set by the API server.' }),
    ),
    deletionTimestamp: Type.Optional(Type.String({ description: 'Set by the API server.' })),
    deletionGracePeriodSeconds: Type.Optional(
      Type.Integer({ description: 'Set by the API server.' }),
    ),
    finalizers: Type.Optional(
      Type.Array(Type.String(), { description: 'Set by controllers before deletion.' }),
    ),
    generateName: Type.Optional(Type.String({ description: 'Prefix of a generated name.' })),
    ownerReferences: Type.Optional(
      Type.Array(Type.Unknown(), { description: 'Set by the API server and controllers.' }),
    ),
    managedFields: Type.Optional(
      Type.Array(Type.Unknown(), { description: 'Set by the API server.' }),
    ),
    selfLink: Type.Optional(Type.String({ description: 'Set by old API servers.' })),
  },
  'Name, namespace and labels, as on any Kubernetes object.',
)

/** A kind: its names, its schema, and what a CRD says besides. */
export interface Kind<Spec extends Type.TSchema = Type.TSchema> {
  readonly kind: string
  readonly plural: string
  readonly shortNames: readonly string[]
  readonly description: string
  readonly spec: Spec
  /** The status of a kind that the controller writes; other kinds share one that says what the controller found. */
  readonly status?: Type.TSchema
  /** What the controller says of objects of this kind besides what it says of all; the name of each is a field of the status. */
  readonly found?: Type.TObject
  /** False for kinds that never leave the repository. */
  readonly served: boolean
  readonly columns: readonly PrinterColumn[]
}

/** A column of `kubectl get`. */
interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'boolean' | 'date'
  readonly jsonPath: string
  readonly priority?: number
}

/** One document of a kind: Kubernetes object and file in git alike. */
export function document(kind: Kind) {
  return closed(
    {
      apiVersion: Type.Literal(apiVersion, { description: `Always ${apiVersion}.` }),
      kind: Type.Literal(kind.kind, { description: `Always ${kind.kind}.` }),
      metadata: Metadata,
      spec: kind.spec,
      status: Type.Optional(
        Type.Unknown({ description: 'Written by the controller; not read from a file.' }),
      ),
    },
    kind.description,
  )
}
