import type { CompileOptions, SourceFile } from '../../../policy/compile/compile.ts'
import type { Problem } from '../../../schemas/problem.ts'
import { informed } from '../../reconcile/informed.ts'
import type { Objects, WritObject } from '../objects.ts'
import { catalogOf, type NamespaceCompiler } from './compile-namespace.ts'
import { fileOf, versionOf } from './object-file.ts'

export interface CheckObjectNeeds {
  readonly systemNamespace: string
  readonly objects: Pick<Objects, 'in' | 'namespaces'>
  readonly catalog: () => NonNullable<CompileOptions['catalog']>
  readonly compile: NamespaceCompiler
}

/** What is about to happen to an object. */
type Operation = 'CREATE' | 'UPDATE' | 'DELETE'

/**
 * Problems that an object causes in the place of its present version: its own, and errors of others that
 * were not there before. What it names and is not there is a warning, for that may come with the next object.
 */
export type CheckObject = (
  object: WritObject,
  operation: Operation,
  signal?: AbortSignal,
) => Promise<readonly Problem[]>

/** Namespaces that a change of the system namespace is tried with; the others show what is wrong afterwards. */
const mostTried = 20

/** Compiles the namespace with and without the object; nothing is published. */
export function objectCheck(needs: CheckObjectNeeds): CheckObject {
  const { systemNamespace, objects } = needs
  return async (object, operation, signal = new AbortController().signal) => {
    const { namespace } = object.metadata
    const file = fileOf(versionOf(named(object)))
    const others = objects.namespaces().filter(name => name !== namespace)
    const tried = namespace === systemNamespace ? others.slice(0, mostTried) : []
    const found: Problem[] = []
    for (const name of [namespace, ...tried]) {
      const before = filesWith(needs, name)
      const after = before.filter(({ path }) => path !== file.path)
      if (operation !== 'DELETE') after.push(file)
      const problemsOf = compiled(needs, name, before, signal)
      const [was, will] = [await problemsOf(before), await problemsOf(after)]
      found.push(...fresh(will, was, name === namespace ? file.path : null))
    }
    return unique(found)
  }
}

/** A name that the API server is still to make up. */
function named(object: WritObject): WritObject {
  const { name, generateName = '' } = object.metadata as WritObject['metadata'] & {
    readonly generateName?: string
  }
  return name ? object : { ...object, metadata: { ...object.metadata, name: `${generateName}new` } }
}

function filesWith({ objects, systemNamespace }: CheckObjectNeeds, namespace: string) {
  const above = namespace === systemNamespace ? [] : objects.in(systemNamespace)
  return [...above, ...objects.in(namespace)].map(object => fileOf(versionOf(object)))
}

/** Compiles files of a namespace in place of those that are there. */
function compiled(
  { compile, catalog, systemNamespace }: CheckObjectNeeds,
  namespace: string,
  inForce: readonly SourceFile[],
  signal: AbortSignal,
) {
  const asking = {
    catalog: catalogOf(catalog(), [namespace, systemNamespace]),
    inForce,
    compile: (files: readonly SourceFile[], { catalog = new Map() }: CompileOptions) =>
      compile({ namespace, files, catalog }, signal),
  }
  return async (files: readonly SourceFile[]) => (await informed(asking, files)).problems
}

/** What is wrong by now: all that is of the object itself, of others only errors that were not there. */
function fresh(
  will: readonly Problem[],
  was: readonly Problem[],
  own: string | null,
): readonly Problem[] {
  const known = new Set(was.map(nameOf))
  return will
    .filter(problem => problem.file === own || isNewError(problem, known))
    .map(problem => (later.has(problem.code) ? { ...problem, severity: 'warning' } : problem))
}

/** What the next object may bring. */
const later: ReadonlySet<string> = new Set(['unknown_reference'])

function isNewError(problem: Problem, known: ReadonlySet<string>): boolean {
  return problem.severity === 'error' && !known.has(nameOf(problem))
}

/** Lines move when other lines are edited, so they are not part of it. */
function nameOf({ code, file, message }: Problem): string {
  return JSON.stringify([code, file, message])
}

function unique(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map(problem => [JSON.stringify(problem), problem])).values()]
}
