import type { Fence } from '../../store/fence.ts'
import type { GoodObject, LastGoodObjects } from '../last-good-objects.ts'
import { type ClaimedKeys, keysOf } from './claimed-keys.ts'
import { type CommitOf, fileFrom, pathOfVersion } from './object-file.ts'
import type { Versions } from './settle.ts'

/** The versions of objects that are in force, in the store and at hand. */
export interface GoodVersions {
  /** The namespaces that have any. */
  namespaces(): readonly string[]
  /** Those of a namespace as files, by path. */
  of(namespace: string): Versions
  /** The keys that are in force in other namespaces. */
  keysBeyond(namespace: string): ClaimedKeys
  /** Which version of an object is in force. */
  get(namespace: string, path: string): GoodObject | null
  /** Makes these the ones of a namespace, in the store first. Returns whether any is different. */
  replace(namespace: string, objects: readonly GoodObject[], fence: Fence): Promise<boolean>
}

/** Reads what is in the store. */
export async function openGoodVersions(
  store: Pick<LastGoodObjects, 'read' | 'keep'>,
  commitOf: CommitOf = () => null,
): Promise<GoodVersions> {
  const byNamespace = new Map<string, ReadonlyMap<string, GoodObject>>()
  for (const [namespace, objects] of Map.groupBy(await store.read(), row => row.namespace)) {
    byNamespace.set(namespace, byPath(objects))
  }
  const keys = new Map<string, ClaimedKeys>()
  const claim = (namespace: string, versions: ReadonlyMap<string, GoodObject>) => {
    const claims = [...versions].flatMap(([path, { text }]) =>
      keysOf({ path, text }).map(sha256 => [sha256, path] as const),
    )
    keys.set(namespace, new Map(claims))
  }
  for (const [namespace, versions] of byNamespace) claim(namespace, versions)
  const here = (namespace: string) => byNamespace.get(namespace) ?? none
  return {
    namespaces: () => [...byNamespace.keys()],
    of: namespace =>
      new Map([...here(namespace)].map(([path, good]) => [path, fileFrom(good, commitOf(good))])),
    keysBeyond: namespace =>
      new Map([...keys].flatMap(([name, claims]) => (name === namespace ? [] : [...claims]))),
    get: (namespace, path) => here(namespace).get(path) ?? null,
    async replace(namespace, objects, fence) {
      const before = here(namespace)
      const after = byPath(objects)
      const changed = [...after].filter(([path, object]) => !isSame(object, before.get(path)))
      const gone = [...before].filter(([path]) => !after.has(path))
      if (changed.length + gone.length === 0) return false
      const rows = changed.map(([, object]) => object)
      await store.keep(
        rows,
        gone.map(([, object]) => object),
        fence,
      )
      byNamespace.set(namespace, after)
      claim(namespace, after)
      return true
    },
  }
}

const none: ReadonlyMap<string, GoodObject> = new Map()

function byPath(objects: readonly GoodObject[]): ReadonlyMap<string, GoodObject> {
  return new Map(
    objects.map(({ namespace, plural, name, uid, generation, text }) => {
      const version = { namespace, plural, name, uid, generation, text }
      return [pathOfVersion(version), version]
    }),
  )
}

function isSame(a: GoodObject, b: GoodObject | undefined): boolean {
  return b !== undefined && a.uid === b.uid && a.generation === b.generation && a.text === b.text
}
