import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { SourceDocument } from '../../../policy/compile/source-document.ts'
import type { SourceFile } from '../../../policy/compile/source-file.ts'
import { readFiles } from '../../../policy/compile/yaml/read-files.ts'
import { kinds } from '../../../schemas/kinds.ts'
import type { Problem } from '../../../schemas/problem.ts'
import { apiVersion } from '../../../schemas/resource.ts'
import { pluralOf } from '../reconcile/object-file.ts'

/** An object as a repository says it. */
export interface SourceObject {
  readonly kind: string
  readonly name: string
  readonly namespace: string
  readonly labels: Words
  readonly annotations: Words
  readonly spec: object
  /** What it is called among objects: namespace/plural/name. */
  readonly path: string
  /** SHA-256 of all that is said of it, hex. */
  readonly digest: string
}

type Words = Readonly<Record<string, string>>

/** The objects in files, and what keeps them from being objects of a namespace. */
export interface ReadObjects {
  /** People and workflows before the policies that name them. */
  readonly objects: readonly SourceObject[]
  readonly problems: readonly Problem[]
}

/**
 * Reads files as objects of one namespace. Tests of policies are not objects, and a PolicySource of the
 * repository is not applied: no commit may change where the next one comes from, or who must sign it.
 */
export function sourceObjects(files: readonly SourceFile[], namespace: string): ReadObjects {
  const objects: SourceObject[] = []
  const problems: Problem[] = []
  for (const document of readFiles(files).documents) {
    const read = readObject(document, namespace)
    if (read === null) continue
    if ('code' in read) problems.push(read)
    else objects.push(read)
  }
  objects.sort((a, b) => rankOf(a) - rankOf(b) || (a.path < b.path ? -1 : 1))
  return { objects, problems }
}

function readObject(document: SourceDocument, namespace: string): SourceObject | Problem | null {
  const { kind, metadata, spec = {}, version } = Object(document.value)
  if (kind === undefined && version !== undefined) {
    return { severity: 'error', ...portable, ...document.place([]) }
  }
  if (typeof kind !== 'string' || !applied.has(kind)) return null
  const { name = '', namespace: own = namespace, labels = {}, annotations = {} } = Object(metadata)
  if (own !== namespace) {
    const message = `This source writes the namespace ${namespace} and no other.`
    return {
      ...{ severity: 'error', code: 'foreign_namespace', message },
      ...document.place(['metadata', 'namespace']),
    }
  }
  const said = { kind, name, namespace, labels, annotations, spec }
  const digest = createHash('sha256')
    .update(canonicalize(said) ?? '')
    .digest('hex')
  return { ...said, path: `${namespace}/${pluralOf(kind)}/${name}`, digest }
}

const portable = {
  code: 'portable_not_applied',
  message: 'A portable file is no object.',
  suggestion: 'Turn it into kinds with `writ import`.',
}

/** Kinds that a repository may bring. */
const applied: ReadonlySet<string> = new Set(
  kinds.filter(({ served, kind }) => served && kind !== 'PolicySource').map(({ kind }) => kind),
)

const order = ['User', 'Team', 'ApprovalWorkflow', 'ToolServer', 'ModelProvider', 'Agent']

/** Policies come last, budgets and channels before them. */
function rankOf({ kind }: SourceObject): number {
  if (kind === 'AccessPolicy') return order.length + 1
  return order.includes(kind) ? order.indexOf(kind) : order.length
}

/** How the API server knows objects of a source. */
export const marks = {
  source: 'writ.dev/source',
  sourceNamespace: 'writ.dev/source-namespace',
  commit: 'writ.dev/commit',
  applied: 'writ.dev/applied',
}

/** A name as a label may hold it: 63 characters at most. */
export function labelOf(name: string): string {
  if (name.length <= 63) return name
  return `${name.slice(0, 46)}-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`
}

/** Which source an object is of. */
export interface Owner {
  readonly namespace: string
  readonly name: string
}

/** The object as it is applied, with what says where it is from. */
export function appliedObject(object: SourceObject, owner: Owner, commit: string): object {
  const { kind, name, namespace, labels, annotations, spec, digest } = object
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace,
      labels: { ...labels, ...ownLabels(owner), [marks.commit]: commit.slice(0, 40) },
      annotations: { ...annotations, [marks.applied]: digest },
    },
    spec,
  }
}

/** The labels by which objects of a source are found. */
export function ownLabels({ namespace, name }: Owner): Words {
  return { [marks.source]: labelOf(name), [marks.sourceNamespace]: namespace }
}
