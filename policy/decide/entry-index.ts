import { glob } from './glob.ts'
import type { LoadedEntry, LoadedPolicy } from './loaded-policy.ts'

/** An entry as the index knows it: whom it could concern, and how to make it ready. */
export interface WaitingEntry {
  readonly match: string
  readonly server: string | undefined
  readonly notServer: string | undefined
  readonly policy: LoadedPolicy
  /** Position in its list; the first entry that matches speaks. */
  readonly position: number
  readonly ready: () => LoadedEntry
}

/** Entries of one kind of call, found by name without a look at those that do not concern it. */
export interface EntryIndex {
  readonly exact: Map<string, WaitingEntry[]>
  /** By what stands before the first star. */
  readonly globs: Map<string, GlobEntry[]>
  readonly prefixLengths: Set<number>
}

interface GlobEntry {
  readonly matches: (name: string) => boolean
  readonly entry: WaitingEntry
}

/** An index that holds nothing yet. */
export function entryIndex(): EntryIndex {
  return { exact: new Map(), globs: new Map(), prefixLengths: new Set() }
}

/** Adds an entry to the index. */
export function addEntry(index: EntryIndex, entry: WaitingEntry): void {
  const { match } = entry
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
  const first = new Map<LoadedPolicy, WaitingEntry>()
  for (const entry of candidates(index, name)) {
    const known = first.get(entry.policy)
    const earlier = known === undefined || entry.position < known.position
    if (earlier && serves(entry, server)) first.set(entry.policy, entry)
  }
  return new Map([...first].map(([policy, entry]) => [policy, entry.ready()]))
}

function* candidates(index: EntryIndex, name: string): Iterable<WaitingEntry> {
  yield* index.exact.get(name) ?? []
  for (const length of index.prefixLengths) {
    if (length > name.length) continue
    for (const { matches, entry } of index.globs.get(name.slice(0, length)) ?? []) {
      if (matches(name)) yield entry
    }
  }
}

function serves(entry: WaitingEntry, server: string): boolean {
  if (entry.server !== undefined) return entry.server === server
  return entry.notServer === undefined || entry.notServer !== server
}

function listAt<V>(map: Map<string, V[]>, key: string): V[] {
  const known = map.get(key)
  if (known !== undefined) return known
  const list: V[] = []
  map.set(key, list)
  return list
}
