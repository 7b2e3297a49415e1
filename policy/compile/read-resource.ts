import { kinds } from '../../schemas/kinds.ts'
import type { Problem } from '../../schemas/problem.ts'
import { apiVersion, document as documentOf } from '../../schemas/resource.ts'
import { meant } from './nearest.ts'
import type { PolicyDraft } from './policy-draft.ts'
import { readPortable } from './portable/read-portable.ts'
import type { Identity, KindName, Resource, Specs } from './resource.ts'
import { schemaProblems } from './schema-check.ts'
import type { SourceDocument } from './source-document.ts'

/** What one document says: a resource, a portable policy with what it brings, or nothing that can be used. */
export interface ReadResource {
  /** What the document is called; it is found by its name even when its shape is wrong. */
  readonly declares: readonly Identity[]
  readonly resources: readonly Resource[]
  /** The policy of a portable file. */
  readonly drafts: readonly PolicyDraft[]
  readonly problems: readonly Problem[]
}

/** Reads a document as what its `apiVersion` and `kind`, or its `version`, say that it is. */
export function readResource(document: SourceDocument, namespace: string): ReadResource {
  const { value } = document
  if (!isMapping(value)) return refused(document, 'kind', notMapping)
  if ('version' in value && !('kind' in value) && !('apiVersion' in value)) {
    return readPortable(document, namespace)
  }
  const known = schemas.get(String(value.kind))
  if (value.apiVersion !== apiVersion) return refused(document, 'apiVersion', wrongVersion(value))
  if (known === undefined) return refused(document, 'kind', wrongKind(value))
  return readKind(document, value, known, namespace)
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
  value: Fields,
  { kind, schema }: KnownKind,
  fallback: string,
): ReadResource {
  const metadata = isMapping(value.metadata) ? value.metadata : {}
  const name = String(metadata.name)
  const namespace = typeof metadata.namespace === 'string' ? metadata.namespace : fallback
  const declares = [{ kind, namespace, name }]
  const problems = schemaProblems(schema, document)
  const sound = problems.every(({ code }) => code === 'unknown_key')
  const spec = value.spec as Specs[KindName]
  const resource: Resource = { kind, name, namespace, spec, origin: document, portable: false }
  return { declares, resources: sound ? [resource] : [], drafts: [], problems }
}

function refused(
  document: SourceDocument,
  key: string,
  said: Pick<Problem, 'code' | 'message' | 'suggestion'>,
): ReadResource {
  const problem: Problem = { severity: 'error', ...said, ...document.place([key]) }
  return { declares: [], resources: [], drafts: [], problems: [problem] }
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
