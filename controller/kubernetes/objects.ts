import type { Service } from '../../lifecycle/run.ts'
import { kinds } from '../../schemas/kinds.ts'
import { apiVersion, type Kind } from '../../schemas/resource.ts'
import { type InformerCache, informer } from './informer.ts'
import type { Kube } from './kube.ts'
import type { KubeObject, KubeResource } from './kube-object.ts'

/** An object of Writ and the kind that it is of. */
export interface WritObject extends KubeObject {
  readonly kind: string
  readonly metadata: KubeObject['metadata'] & { readonly namespace: string }
}

/** What became of an object: `before` is null when it is new, `after` when it is gone. */
export interface ObjectChange {
  readonly before: WritObject | null
  readonly after: WritObject | null
}

/** Every object of Writ, as the API server has them. */
export interface Objects extends Service {
  /** Settles when every kind was listed once. */
  readonly synced: Promise<void>
  readonly isSynced: boolean
  /** All of a kind. */
  of(kind: string): readonly WritObject[]
  get(kind: string, namespace: string, name: string): WritObject | null
  /** All of a namespace, of whatever kind. */
  in(namespace: string): readonly WritObject[]
  /** The namespaces that hold any. */
  namespaces(): readonly string[]
  /** Calls the listener with every change, beginning with the first list; returns how to stop. */
  subscribe(listener: (change: ObjectChange) => void): () => void
  /** Takes an answer of the API server to a write, unless something newer is known or the object is gone. */
  take(kind: string, object: KubeObject): void
}

export interface ObjectsNeeds {
  readonly kube: Pick<Kube, 'list' | 'watch'>
  /** Told of every failure, with the plural of the kind. */
  readonly onFailure: (error: unknown, plural: string) => void
  /** The kinds to follow; all that are served when omitted. */
  readonly kinds?: readonly Pick<Kind, 'kind' | 'plural'>[]
}

const [group = '', version = ''] = apiVersion.split('/')

/** How the API server addresses a kind of Writ. */
export function resourceOf({ plural }: Pick<Kind, 'plural'>): KubeResource {
  return { group, version, plural }
}

/** Caches of every kind of Writ, filled while they run. */
export function openObjects(needs: ObjectsNeeds): Objects {
  const { kube, onFailure, kinds: followed = kinds.filter(({ served }) => served) } = needs
  const listeners = new Set<(change: ObjectChange) => void>()
  const byNamespace = new Map<string, Map<string, WritObject>>()
  const unlisted = new Set(followed.map(({ kind }) => kind))
  const { promise: synced, resolve } = Promise.withResolvers<void>()
  const store = { byNamespace, tell: tellerOf(listeners) }

  const services = followed.map(kind => {
    const cache = cacheOf(store, kind.kind, () => {
      unlisted.delete(kind.kind)
      if (unlisted.size === 0) resolve()
    })
    return informer({
      kube,
      resource: resourceOf(kind),
      cache,
      onFailure: error => onFailure(error, kind.plural),
    })
  })

  const all = () => [...byNamespace.values()].flatMap(objects => [...objects.values()])
  return {
    name: 'objects',
    synced,
    get isSynced() {
      return unlisted.size === 0
    },
    of: kind => all().filter(object => object.kind === kind),
    get: (kind, namespace, name) => byNamespace.get(namespace)?.get(`${kind}/${name}`) ?? null,
    in: namespace => [...(byNamespace.get(namespace)?.values() ?? [])],
    namespaces: () => [...byNamespace.keys()].sort(),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    take(kind, object) {
      const taken = writObject(kind, object)
      if (find(store, taken)?.metadata.uid === taken.metadata.uid) put(store, taken)
    },
    async run(signal) {
      await Promise.all(services.map(service => service.run(signal)))
    },
  }
}

interface Store {
  readonly byNamespace: Map<string, Map<string, WritObject>>
  readonly tell: (change: ObjectChange) => void
}

function tellerOf(listeners: ReadonlySet<(change: ObjectChange) => void>) {
  return (change: ObjectChange) => {
    for (const listener of listeners) listener(change)
  }
}

function cacheOf(store: Store, kind: string, onListed: () => void): InformerCache {
  return {
    replaceAll(objects) {
      const listed = objects.map(object => writObject(kind, object))
      const there = new Set(listed.map(placeOf))
      for (const object of kept(store, kind)) if (!there.has(placeOf(object))) remove(store, object)
      for (const object of listed) {
        const before = find(store, object)
        // A store that was put back from a copy has older versions, and they count.
        if (before?.metadata.resourceVersion !== object.metadata.resourceVersion) {
          set(store, before, object)
        }
      }
      onListed()
    },
    put: object => put(store, writObject(kind, object)),
    remove: object => remove(store, writObject(kind, object)),
  }
}

function kept({ byNamespace }: Store, kind: string): readonly WritObject[] {
  return [...byNamespace.values()].flatMap(objects =>
    [...objects.values()].filter(object => object.kind === kind),
  )
}

function placeOf({ metadata }: WritObject): string {
  return `${metadata.namespace}/${metadata.name}`
}

/** Lists do not name the kind of their items, and nobody here reads who wrote which field. */
function writObject(kind: string, object: KubeObject): WritObject {
  const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & {
    readonly managedFields?: unknown
  }
  return {
    ...object,
    apiVersion,
    kind,
    metadata: { ...metadata, namespace: metadata.namespace ?? '' },
  }
}

/** Puts an object unless what is known of it is as new: events come again after a watch that was taken up. */
function put(store: Store, object: WritObject): void {
  const before = find(store, object)
  if (before === null || isNewer(object, before)) set(store, before, object)
}

function set({ byNamespace, tell }: Store, before: WritObject | null, after: WritObject): void {
  const { namespace } = after.metadata
  const objects = byNamespace.get(namespace) ?? new Map<string, WritObject>()
  byNamespace.set(namespace, objects.set(keyOf(after), after))
  tell({ before, after })
}

function remove(store: Store, object: WritObject): void {
  const before = find(store, object)
  if (before === null) return
  const objects = store.byNamespace.get(before.metadata.namespace)
  objects?.delete(keyOf(before))
  if (objects?.size === 0) store.byNamespace.delete(before.metadata.namespace)
  store.tell({ before, after: null })
}

function find({ byNamespace }: Store, object: WritObject): WritObject | null {
  return byNamespace.get(object.metadata.namespace)?.get(keyOf(object)) ?? null
}

function keyOf({ kind, metadata }: WritObject): string {
  return `${kind}/${metadata.name}`
}

/** Versions of one kind are whole numbers that grow (KEP 5504). */
function isNewer({ metadata: a }: WritObject, { metadata: b }: WritObject): boolean {
  return BigInt(a.resourceVersion) > BigInt(b.resourceVersion)
}
