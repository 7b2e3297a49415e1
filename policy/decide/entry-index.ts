import { glob } from './glob.ts'
import type { LoadedEntry, LoadedPolicy } from './loaded-policy.ts'

/** Entries of one kind of call, found by name without a look at those that do not concern it. */
export interface EntryIndex {
  readonly exact: Map<string, LoadedEntry[]>
  /** By what stands before the first star. */
  readonly globs: Map<string, GlobEntry[]>
  readonly prefixLengths: Set<number>
}

interface GlobEntry {
  readonly matches: (name: string) => boolean
  readonly entry: LoadedEntry
}

/** An index that holds nothing yet. */
export function entryIndex(): EntryIndex {
  return { exact: new Map(), globs: new Map(), prefixLengths: new Set() }
}

/** Adds an entry to the index. */
export function addEntry(index: EntryIndex, entry: LoadedEntry): void {
  const { match } = entry.source
  const star = match.indexOf('*')
  if (star < 0) {
    listAt(index.exact, match).push(entry)
    return
  }
  listAt(index.globs, match.slice(0, star)).push({ matches: glob(match), entry })
  index.prefixLengths.add(star)
}

/** For every policy with an entry for this name at this server: the first such entry. */
export function speakers(
  index: EntryIndex,
  name: string,
  server: string,
): ReadonlyMap<LoadedPolicy, LoadedEntry> {
  const first = new Map<LoadedPolicy, LoadedEntry>()
  for (const entry of candidates(index, name)) {
    const known = first.get(entry.policy)
    const earlier = known === undefined || entry.position < known.position
    if (earlier && serves(entry, server)) first.set(entry.policy, entry)
  }
  return first
}

function* candidates(index: EntryIndex, name: string): Iterable<LoadedEntry> {
  yield* index.exact.get(name) ?? []
  for (const length of index.prefixLengths) {
    if (length > name.length) continue
    for (const { matches, entry } of index.globs.get(name.slice(0, length)) ?? []) {
      if (matches(name)) yield entry
    }
  }
}

function serves({ source }: LoadedEntry, server: string): boolean {
  if (source.server !== undefined) return source.server === server
  return source.notServer === undefined || source.notServer !== server
}

function listAt<V>(map: Map<string, V[]>, key: string): V[] {
  const known = map.get(key)
  if (known !== undefined) return known
  const list: V[] = []
  map.set(key, list)
  return list
}
