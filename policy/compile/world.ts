import type { PriceCatalogue } from '../../schemas/price-catalogue.ts'
import type { KnownTool } from '../../schemas/tool-server.ts'
import type { ParsedConditions } from './conditions.ts'
import type { KnownTools } from './known-tools.ts'
import type { Hint } from './nearest.ts'
import type { PolicyDraft } from './policy-draft.ts'
import type { Identity, KindName, Resource } from './resource.ts'

/**
 * Everything that was written, as far as its shape is right: what checks look at. Tables are made of it when
 * there is no problem.
 */
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
  /** Prices of models for which no provider states one. */
  readonly prices: PriceCatalogue
}

/** What was written down under which name. */
export interface Declared {
  /** Names by kind and namespace; those that cannot be told are empty. */
  readonly names: ReadonlyMap<string, ReadonlySet<string>>
  /** Kinds and namespaces of what cannot be read as a resource. */
  readonly hidden: ReadonlySet<string>
}

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

/** The names that resources of a kind are known to have in a namespace. */
export function namesOf({ names }: Declared, kind: KindName, namespace: string): readonly string[] {
  return [...(names.get(key(kind, namespace)) ?? [])].filter(name => name !== '')
}

/** Whether a resource of that name was written down, or something that could be it. */
export function isDeclared(
  { names }: Declared,
  kind: KindName,
  namespace: string,
  name: string,
): boolean {
  return keysOf(kind, namespace).some(key => {
    const known = names.get(key)
    return known !== undefined && (known.has(name) || known.has(''))
  })
}

/** Whether there could be more of a kind in a namespace than was read. */
export function mayHoldMore(
  { names, hidden }: Declared,
  kind: KindName,
  namespace: string,
): boolean {
  const keys = keysOf(kind, namespace)
  return namespace === '' || names.has(key(kind, '')) || keys.some(key => hidden.has(key))
}

/** Collects what resources are called, and what cannot be read as one. */
export function declaredNames(
  resources: readonly Identity[],
  hidden: readonly Identity[],
): Declared {
  const names = new Map<string, Set<string>>()
  for (const { kind, namespace, name } of [...resources, ...hidden]) {
    const at = key(kind, namespace)
    const known = names.get(at) ?? new Set()
    names.set(at, known.add(name))
  }
  return {
    names,
    hidden: new Set(hidden.map(({ kind, namespace }) => key(kind, namespace))),
  }
}

function key(kind: string, namespace: string): string {
  return `${kind} ${namespace}`
}

/** Where names of a kind in a namespace may be. */
function keysOf(kind: KindName, namespace: string): readonly string[] {
  return [key(kind, namespace), key(kind, ''), key('', namespace), key('', '')]
}
