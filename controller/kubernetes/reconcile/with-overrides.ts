import type { CompileOptions, SourceFile } from '../../../policy/compile/compile.ts'
import type { Answer } from '../../compile/compiler.ts'
import { documentsIn } from '../../overrides/documents.ts'
import type { Overriding } from '../../overrides/overlay.ts'
import { overridden } from '../../overrides/overridden.ts'
import { informed } from '../../reconcile/informed.ts'
import { type ClaimedKeys, contested } from './claimed-keys.ts'
import { catalogOf, type NamespaceCompiler } from './compile-namespace.ts'
import { pluralOf } from './object-file.ts'

export interface WithOverridesNeeds {
  readonly systemNamespace: string
  /** Tools as proxies see them. */
  readonly catalog: () => NonNullable<CompileOptions['catalog']>
  readonly compile: NamespaceCompiler
}

/** A namespace, and what it is without overrides. */
export interface OverriddenNamespace {
  readonly namespace: string
  /** Of the namespace, and of the system namespace. */
  readonly files: readonly SourceFile[]
  readonly base: Answer
  readonly overrides: readonly Overriding[]
  /** Keys that are in force in other namespaces. */
  readonly elsewhere: ClaimedKeys
}

/** The table of a namespace with the overrides that concern it, and what follows when they end. */
export function withOverrides(
  { systemNamespace, catalog, compile }: WithOverridesNeeds,
  { namespace, files, base, overrides, elsewhere }: OverriddenNamespace,
  signal: AbortSignal,
): Promise<Answer> {
  const isWanted = (name: string) => name === namespace || name === systemNamespace
  const options = { fallback: namespace, isWanted }
  const wanted = overrides.filter(({ documents }) => documents.some(at => isWanted(at.namespace)))
  const asking = {
    catalog: catalogOf(catalog(), [namespace, systemNamespace]),
    inForce: files,
    compile: (files: readonly SourceFile[], { catalog = new Map() }: CompileOptions) =>
      compile({ namespace, files, catalog }, signal),
  }
  const taken = contested(wanted.flatMap(objectsIn), elsewhere)
  if (taken.length > 0) return Promise.resolve({ problems: taken, tables: null, directories: [] })
  return overridden(
    { ...options, systemNamespace, overrides: wanted, compile: files => informed(asking, files) },
    files,
    base,
  )
}

/** The paths of objects in whose place an override stands. */
export function overriddenPaths(overrides: readonly Overriding[]): ReadonlyMap<string, Overriding> {
  return new Map(
    overrides.flatMap(override =>
      override.documents.map(({ kind, namespace, name }) => [
        `${namespace}/${pluralOf(kind)}/${name}`,
        override,
      ]),
    ),
  )
}

/** The documents of an override as files of their own, each called as the object would be. */
function objectsIn({ file }: Overriding): readonly SourceFile[] {
  return documentsIn(file, '').map(({ kind, namespace, name, from, to }) => ({
    path: `${namespace}/${pluralOf(kind)}/${name}`,
    text: file.text.slice(from, to),
  }))
}
