import type { KnownTool } from '../../schemas/tool-server.ts'
import type { ParsedConditions } from './conditions.ts'
import type { KnownTools } from './known-tools.ts'
import type { Hint } from './nearest.ts'
import type { PolicyDraft } from './policy-draft.ts'
import type { Identity, KindName, Resource } from './resource.ts'

/** Everything that was written, as far as its shape is right: what checks look at and tables are made of. */
export interface World {
  readonly systemNamespace: string
  readonly resources: readonly Resource[]
  readonly byNamespace: ReadonlyMap<string, readonly Resource[]>
  /** Everything that has a name, whatever its shape. */
  readonly declared: Declared
  readonly drafts: readonly PolicyDraft[]
  readonly draftsByNamespace: ReadonlyMap<string, readonly PolicyDraft[]>
  readonly tools: KnownTools
  readonly conditions: ParsedConditions
  readonly hint: Hint
}

/** Names by kind and namespace. */
export type Declared = ReadonlyMap<string, ReadonlySet<string>>

/** Tools as proxies saw them, by `namespace/server`. */
export type Catalog = ReadonlyMap<string, readonly KnownTool[]>

/** The resources of one kind. */
export function ofKind<K extends KindName>(
  resources: readonly Resource[],
  kind: K,
): readonly Resource<K>[] {
  return resources.filter((resource): resource is Resource<K> => resource.kind === kind)
}

/** What a grouping has for a namespace. */
export function inNamespace<T>(
  groups: ReadonlyMap<string, readonly T[]>,
  namespace: string,
): readonly T[] {
  return groups.get(namespace) ?? []
}

/** The names that resources of a kind have in a namespace. */
export function namesOf(declared: Declared, kind: KindName, namespace: string) {
  return declared.get(`${kind} ${namespace}`) ?? new Set<string>()
}

/** Collects names by kind and namespace. */
export function declaredNames(identities: readonly Identity[]): Declared {
  const names = new Map<string, Set<string>>()
  for (const { kind, namespace, name } of identities) {
    const key = `${kind} ${namespace}`
    const known = names.get(key) ?? new Set()
    names.set(key, known.add(name))
  }
  return names
}
