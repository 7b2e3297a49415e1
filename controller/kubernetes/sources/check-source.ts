import type { CompileOptions, SourceFile } from '../../../policy/compile/compile.ts'
import type { Problem } from '../../../schemas/problem.ts'
import { informed } from '../../reconcile/informed.ts'
import type { Objects, WritObject } from '../objects.ts'
import { catalogOf, type NamespaceCompiler } from '../reconcile/compile-namespace.ts'
import { fileOf, pathOfObject, versionOf } from '../reconcile/object-file.ts'
import { type Owner, ownLabels, type ReadObjects, sourceObjects } from './source-objects.ts'

export interface CheckSourceNeeds {
  readonly systemNamespace: string
  readonly objects: Pick<Objects, 'in'>
  readonly catalog: () => NonNullable<CompileOptions['catalog']>
  readonly compile: NamespaceCompiler
}

/** Files of a repository, and where they are to go. */
export interface CheckedSource {
  readonly files: readonly SourceFile[]
  readonly namespace: string
  readonly owner: Owner
}

/**
 * The objects in files, and errors that keep all of them from being applied: of the files themselves, by
 * their places in the repository, as they compile with the other objects of the namespace.
 */
export async function checkSource(
  { systemNamespace, objects, catalog, compile }: CheckSourceNeeds,
  { files, namespace, owner }: CheckedSource,
  signal: AbortSignal,
): Promise<ReadObjects> {
  const read = sourceObjects(files, namespace)
  const paths = new Set(read.objects.map(({ path }) => path))
  const isOther = (object: WritObject) => !paths.has(pathOfObject(object)) && !isOwn(object, owner)
  const near = objects.in(namespace).filter(isOther).filter(isPolicy)
  const above = namespace === systemNamespace ? [] : objects.in(systemNamespace).filter(isPolicy)
  const own = files.map(file => ({ ...file, namespace }))
  const asking = {
    catalog: catalogOf(catalog(), [namespace, systemNamespace]),
    inForce: [...above, ...objects.in(namespace)].map(versionOf).map(fileOf),
    compile: (files: readonly SourceFile[], { catalog = new Map() }: CompileOptions) =>
      compile({ namespace, files, catalog }, signal),
  }
  const others = [...above, ...near].map(versionOf).map(fileOf)
  const { problems } = await informed(asking, [...others, ...own])
  const names = new Set(files.map(({ path }) => path))
  const errors = problems.filter(
    ({ severity, file }) => severity === 'error' && names.has(file),
  ) satisfies readonly Problem[]
  return { objects: read.objects, problems: [...read.problems, ...errors] }
}

/** What says where policies come from is no part of them. */
function isPolicy({ kind }: WritObject): boolean {
  return kind !== 'PolicySource'
}

/** Whether an object is of the source. */
export function isOwn({ metadata }: WritObject, owner: Owner): boolean {
  return Object.entries(ownLabels(owner)).every(([key, value]) => metadata.labels?.[key] === value)
}
