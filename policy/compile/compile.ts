import type { Directory } from '../../schemas/directory.ts'
import type { PolicyTestSpec } from '../../schemas/policy-test.ts'
import type { PriceCatalogue } from '../../schemas/price-catalogue.ts'
import type { Place, Problem } from '../../schemas/problem.ts'
import { shippedPrices } from '../spend/prices/shipped-prices.ts'
import { checks } from './checks/checks.ts'
import { parseConditions } from './conditions.ts'
import { knownTools } from './known-tools.ts'
import { hintWithin } from './nearest.ts'
import { draftOf } from './policy-draft.ts'
import { readResource } from './read-resource.ts'
import type { Resource } from './resource.ts'
import type { SourceFile } from './source-file.ts'
import { buildDirectory } from './table/build-directory.ts'
import { buildTable, type CompiledTable, tableNamespaces } from './table/build-table.ts'
import { type Catalog, declaredNames, ofKind, type World } from './world.ts'
import { readFiles } from './yaml/read-files.ts'

export type { SourceFile } from './source-file.ts'
export type { CompiledTable } from './table/build-table.ts'

export interface CompileOptions {
  /** Namespace of documents that name none; `default` when omitted. */
  readonly namespace?: string
  /** The namespace whose policies narrow every other; `writ-system` when omitted. */
  readonly systemNamespace?: string
  /** Tools as proxies saw them, unprefixed, by `namespace/server`; what a ToolServer lists counts where none were seen. */
  readonly catalog?: Catalog
  /** Prices of models whose provider states none; those that come with Writ when omitted. */
  readonly prices?: PriceCatalogue
}

/** What became of a set of files. */
export interface Compiled {
  /** Sorted by place. */
  readonly problems: readonly Problem[]
  /** How many resources the files hold. */
  readonly resources: number
  /** One table for each namespace that has a resource; null when any problem is an error. */
  readonly tables: ReadonlyMap<string, CompiledTable> | null
  /** Who and what each of those namespaces knows besides; empty when there are no tables. */
  readonly directories: readonly Directory[]
  readonly tests: readonly PolicyTestDocument[]
}

/** A PolicyTest, for `writ test`. */
export interface PolicyTestDocument {
  readonly name: string
  readonly namespace: string
  readonly file: string
  readonly line: number
  readonly cases: PolicyTestSpec['cases']
  /** Where each case is written. */
  readonly places: readonly Place[]
}

/**
 * Files to problems, or to one rule table for each namespace. Pure, and never throws, whatever the
 * files hold; equal files in any order give equal bytes.
 */
export function compile(files: readonly SourceFile[], options: CompileOptions = {}): Compiled {
  const { namespace = 'default', systemNamespace = 'writ-system', catalog = new Map() } = options
  const read = readFiles(files)
  const documents = read.documents.map(document =>
    readResource(document, document.file.namespace ?? namespace),
  )
  const resources = documents.flatMap(document => document.resources)
  const drafts = [
    ...ofKind(resources, 'AccessPolicy').map(draftOf),
    ...documents.flatMap(document => document.drafts),
  ]
  const hidden = documents.flatMap(document => document.hidden)
  const declared = declaredNames(resources, hidden)
  const tools = knownTools(ofKind(resources, 'ToolServer'), catalog, declared)
  const world: World = {
    systemNamespace,
    resources,
    byNamespace: Map.groupBy(resources, resource => resource.namespace),
    declared,
    drafts,
    draftsByNamespace: Map.groupBy(drafts, draft => draft.namespace),
    tools,
    conditions: parseConditions(drafts, tools, systemNamespace),
    hint: hintWithin(200_000),
    prices: options.prices ?? shippedPrices,
  }
  const problems = [
    ...read.problems,
    ...documents.flatMap(document => document.problems),
    ...checks.flatMap(check => [...check(world)]),
  ].sort(byPlace)
  const failed = problems.some(({ severity }) => severity === 'error')
  const tables = failed ? null : tablesOf(world)
  return {
    problems: bounded(problems),
    resources: documents.flatMap(({ resources, drafts }) => [...resources, ...drafts]).length,
    tables,
    directories: [...(tables ?? [])].map(([namespace, { digest }]) =>
      buildDirectory(world, namespace, digest),
    ),
    tests: ofKind(resources, 'PolicyTest').flatMap(testOf),
  }
}

function tablesOf(world: World): Compiled['tables'] {
  return new Map(tableNamespaces(world).map(namespace => [namespace, buildTable(world, namespace)]))
}

function testOf(test: Resource<'PolicyTest'>): readonly PolicyTestDocument[] {
  const { name, namespace, spec, origin } = test
  if (origin.unsure([])) return []
  const { file, line } = origin.place([])
  const places = spec.cases.map((_, i) => origin.place(['spec', 'cases', i]))
  return [{ name, namespace, file, line, cases: spec.cases, places }]
}

/** Problems shown in all. */
const mostProblems = 1000

/** So many that nobody reads them all: the errors, and a last one that says so. */
function bounded(problems: readonly Problem[]): readonly Problem[] {
  if (problems.length <= mostProblems) return problems
  const errors = problems.filter(({ severity }) => severity === 'error')
  const shown = (errors.length > 0 ? errors : problems).slice(0, mostProblems)
  return shown.map((problem, i) => (i < mostProblems - 1 ? problem : { ...problem, ...more }))
}

const more = {
  code: 'too_many_problems',
  message: 'There are more problems than can be shown.',
  suggestion: 'Solve those above first.',
}

function byPlace(a: Problem, b: Problem): number {
  return (
    compareText(a.file, b.file) ||
    a.line - b.line ||
    a.column - b.column ||
    compareText(a.code, b.code) ||
    compareText(a.message, b.message)
  )
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
