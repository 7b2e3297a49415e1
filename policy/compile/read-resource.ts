import { kinds } from '../../schemas/kinds.ts'
import type { Problem } from '../../schemas/problem.ts'
import { apiVersion, document as documentOf } from '../../schemas/resource.ts'
import { checkedShape } from './checked-shape.ts'
import { meant, nearest } from './nearest.ts'
import type { PolicyDraft } from './policy-draft.ts'
import { readPortable } from './portable/read-portable.ts'
import type { Identity, KindName, Resource, Specs } from './resource.ts'
import type { SourceDocument } from './source-document.ts'

/** What one document says: a resource, a portable policy with what it brings, or nothing that can be used. */
export interface ReadResource {
  /** As far as their shape is right; there is a problem where it is not. */
  readonly resources: readonly Resource[]
  /** What is there most likely without being read as a resource. */
  readonly hidden: readonly Identity[]
  /** The policy of a portable file. */
  readonly drafts: readonly PolicyDraft[]
  readonly problems: readonly Problem[]
}

/** Reads a document as what its `apiVersion` and `kind`, or its `version`, say that it is. */
export function readResource(document: SourceDocument, namespace: string): ReadResource {
  const { value, sound } = document
  if (!isMapping(value)) return sound ? refused(document, 'kind', notMapping, []) : nothing
  if (!sound) return { ...nothing, hidden: identities(value, namespace) }
  if ('version' in value && !('kind' in value) && !('apiVersion' in value)) {
    return readPortable(document, namespace)
  }
  const known = typeof value.kind === 'string' ? schemas.get(value.kind) : undefined
  if (known !== undefined && !isForeign(value)) return readKind(document, value, known, namespace)
  const [key, said] = versioned(value)
    ? (['kind', wrongKind(value)] as const)
    : (['apiVersion', wrongVersion(value)] as const)
  return refused(document, key, said, identities(value, namespace))
}

type Fields = Readonly<Record<string, unknown>>

interface KnownKind {
  readonly kind: KindName
  readonly schema: ReturnType<typeof documentOf>
}

const schemas: ReadonlyMap<string, KnownKind> = new Map(
  kinds.map(kind => [kind.kind, { kind: kind.kind as KindName, schema: documentOf(kind) }]),
)

function readKind(
  document: SourceDocument,
  fields: Fields,
  { kind, schema }: KnownKind,
  fallback: string,
): ReadResource {
  // What is wrong with its version is said in other words.
  const current = { ...document, value: { ...fields, apiVersion } }
  const { problems, value, unsure } = checkedShape(schema, current)
  const { metadata, spec } = value as Written
  const { name } = metadata
  const namespace = unsure(['metadata', 'namespace']) ? '' : (metadata.namespace ?? fallback)
  const origin = { ...document, unsure }
  const resource: Resource = { kind, name, namespace, spec, origin, portable: false }
  const outdated = versioned(fields)
    ? []
    : [problemWith(document, 'apiVersion', wrongVersion(fields))]
  return { ...nothing, resources: [resource], problems: [...outdated, ...problems] }
}

/** A document of any kind. */
interface Written {
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec: Specs[KindName]
}

function versioned({ apiVersion: given }: Fields): boolean {
  return given === apiVersion
}

/** Whether a document says that it belongs to something else. */
function isForeign({ apiVersion: given }: Fields): boolean {
  return typeof given === 'string' && !given.startsWith('writ.dev/')
}

/** What a document that cannot be read as any kind most likely holds. */
function identities({ kind, metadata, ...rest }: Fields, fallback: string): readonly Identity[] {
  const { name, namespace = fallback } = isMapping(metadata) ? metadata : {}
  const close = typeof kind === 'string' ? nearest(kind.slice(0, 300), schemas.keys()) : undefined
  if (typeof name !== 'string' || (close === undefined && isForeign(rest))) return []
  return [
    {
      kind: close === undefined ? '' : (close as KindName),
      namespace: typeof namespace === 'string' ? namespace : '',
      name,
    },
  ]
}

const nothing: ReadResource = { resources: [], hidden: [], drafts: [], problems: [] }

function refused(
  document: SourceDocument,
  key: string,
  said: Told,
  hidden: readonly Identity[],
): ReadResource {
  const problems = [problemWith(document, key, said)]
  return { ...nothing, hidden, problems }
}

type Told = Pick<Problem, 'code' | 'message' | 'suggestion'>

function problemWith(document: SourceDocument, key: string, said: Told): Problem {
  return { severity: 'error', ...said, ...document.place([key]) }
}

const notMapping = {
  code: 'not_a_resource',
  message: 'A document must be a mapping.',
  suggestion: `Write apiVersion: ${apiVersion}, kind, metadata and spec.`,
}

function wrongVersion({ apiVersion: given, kind }: Fields) {
  if (given !== undefined) {
    const message = `The apiVersion must be ${apiVersion}.`
    return { code: 'unknown_api_version', message, suggestion: `Write apiVersion: ${apiVersion}.` }
  }
  return {
    code: 'missing_api_version',
    message: 'The document lacks an apiVersion.',
    suggestion:
      kind === undefined
        ? `Write apiVersion: ${apiVersion} and a kind; or version: "1.0" for a portable policy.`
        : `Write apiVersion: ${apiVersion}.`,
  }
}

function wrongKind({ kind }: Fields) {
  if (kind === undefined) {
    const suggestion = `Write kind: and one of ${[...schemas.keys()].join(', ')}.`
    return { code: 'missing_kind', message: 'The document lacks a kind.', suggestion }
  }
  const word = typeof kind === 'string' ? kind : ''
  return {
    code: 'unknown_kind',
    message: word === '' ? 'The kind must be a word.' : `There is no kind "${word.slice(0, 60)}".`,
    ...meant(word, schemas.keys()),
  }
}

function isMapping(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
