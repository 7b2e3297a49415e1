import type { PortablePolicy } from '../../schemas/portable-policy.ts'
import type { Problem } from '../../schemas/problem.ts'
import { apiVersion } from '../../schemas/resource.ts'
import { serverSpec } from '../compile/portable/portable-server.ts'
import { workflowSpec } from '../compile/portable/portable-workflow.ts'
import { slug } from '../compile/portable/slug.ts'
import type { KindName, Specs } from '../compile/resource.ts'
import type { Path, SourceDocument } from '../compile/source-document.ts'
import type { SourceFile } from '../compile/source-file.ts'
import { readDocuments } from '../compile/yaml/read-documents.ts'
import { carryComments } from './carry-comments.ts'
import type { ImportDifference } from './import-difference.ts'
import type { KindDocument } from './kind-document.ts'
import { peopleOf, plainPeople, renamed } from './portable-people.ts'
import { portablePolicySpec } from './portable-policy-spec.ts'
import { type Written, yamlOf } from './written.ts'

/** What a portable file becomes. */
export interface Imported {
  /** YAML of kinds, with the comments of the file; empty when there is nothing to write. */
  readonly text: string
  readonly documents: readonly KindDocument[]
  readonly differences: readonly ImportDifference[]
}

export interface ImportOptions {
  /** Written into every document; none when omitted. */
  readonly namespace?: string
  /** What is written down elsewhere, as `User ana`; it is not written again. */
  readonly known?: ReadonlySet<string>
  /** What the compiler said of the file; warnings become differences. */
  readonly problems?: readonly Problem[]
}

/**
 * Turns the portable policies of a file that compiles into kinds. Nothing is dropped without being named: what is
 * said otherwise is a difference with a place, and it only ever makes decisions stricter.
 */
export function importPortable(file: SourceFile, options: ImportOptions = {}): Imported {
  const { documents } = readDocuments(file)
  const portable = documents.filter(isPortable)
  const others = documents.filter(document => !isPortable(document))
  const known = new Set(options.known)
  const parts = portable.map(document => {
    const part = policyParts(document, options, known)
    carryComments(file.text, document, part.written)
    return part
  })
  const written = parts.flatMap(part => part.written)
  return {
    text: yamlOf(written),
    documents: written.map(({ document }) => document),
    differences: [
      ...parts.flatMap(part => part.differences),
      ...others.map(document => ({ ...alreadyKind, ...document.place([]) })),
      ...(options.problems ?? []).filter(isNamed).map(notRead),
    ].sort((a, b) => a.line - b.line || a.column - b.column),
  }
}

function isPortable({ value }: SourceDocument): boolean {
  const { version, kind, apiVersion: group }: Partial<Record<string, unknown>> = Object(value)
  return version !== undefined && kind === undefined && group === undefined
}

function policyParts(document: SourceDocument, { namespace }: ImportOptions, known: Set<string>) {
  const policy = document.value as PortablePolicy
  const { spec, moved, differences } = portablePolicySpec(policy, document)
  const { name } = policy.metadata
  const all: ImportDifference[] = [...differences]
  const make = <K extends KindName>(
    kind: K,
    called: string,
    spec: Specs[K],
    from: Path,
  ): Written => {
    const plain = slug(called)
    if (plain !== called && kind !== 'AccessPolicy') {
      all.push({ ...renamed(called, plain), ...document.place([...from, 'name']) })
    }
    known.add(`${kind} ${plain}`)
    return {
      document: resource(kind, plain, namespace, spec),
      moved: [{ from, to: [] }],
      comments: [],
    }
  }
  const main: Written = {
    document: {
      ...resource('AccessPolicy', slug(name), namespace, spec, annotationsOf(policy)),
    },
    moved: [{ from: [], to: [] }, { from: ['metadata'], to: ['metadata'] }, ...moved],
    comments: [],
  }
  const workflows = (policy.approval_workflows ?? []).map((workflow, i) =>
    make('ApprovalWorkflow', workflow.name, plainPeople(workflowSpec(workflow)), [
      'approval_workflows',
      i,
    ]),
  )
  const servers = (policy.mcp_servers ?? []).map((server, i) =>
    make('ToolServer', server.name, serverSpec(server), ['mcp_servers', i]),
  )
  const people = peopleOf(policy, document, known)
  all.push(...people.differences)
  const named = people.people.map(({ kind, name, spec }) => ({
    document: resource(kind, name, namespace, spec),
    moved: [],
    comments: [],
  }))
  return { written: [main, ...workflows, ...servers, ...named], differences: all }
}

function resource<K extends KindName>(
  kind: K,
  name: string,
  namespace: string | undefined,
  spec: Specs[K],
  annotations: Readonly<Record<string, string>> = {},
): KindDocument<K> {
  const metadata = {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  }
  return { apiVersion, kind, metadata, spec }
}

/** What a policy says of itself that decides nothing. */
function annotationsOf({ metadata }: PortablePolicy): Readonly<Record<string, string>> {
  const { name, author, tags = [], created_at } = metadata
  return {
    ...(slug(name) !== name && { 'writ.dev/title': name }),
    ...(author !== undefined && { 'writ.dev/author': author }),
    ...(tags.length > 0 && { 'writ.dev/tags': tags.join(', ') }),
    ...(created_at !== undefined && { 'writ.dev/created-at': created_at }),
  }
}

const alreadyKind = {
  code: 'already_kind',
  effect: 'none',
  message: 'This document is no portable policy; it stays where it is.',
} as const

/** What the compiler says of a portable file that has no words in kinds. */
const named: ReadonlySet<string> = new Set(['not_read', 'literal_secret', 'unserved_source'])

function isNamed({ code }: Problem): boolean {
  return named.has(code)
}

function notRead({ message, suggestion, file, line, column }: Problem): ImportDifference {
  const said = suggestion === undefined ? {} : { suggestion }
  return { code: 'not_read', effect: 'none', message, ...said, file, line, column }
}
