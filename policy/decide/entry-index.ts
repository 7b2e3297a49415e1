import type { TableEntry } from '../../schemas/rule-table.ts'
import { finished } from './finished.ts'
import { matchesGlob } from './glob.ts'
import { type LoadedEntry, type LoadedPolicy, loadEntry } from './loaded-policy.ts'
import type { EntryList } from './table-shape.ts'

/** An entry as the index knows it: whom it could concern, and how to make it ready. */
export interface WaitingEntry {
  readonly match: string
  readonly server: string | undefined
  readonly notServer: string | undefined
  readonly policy: LoadedPolicy
  /** Position in its list; the first entry that matches speaks. */
  readonly position: number
  /** The JSON of the policy, and the list there; or that of the entry, and no list. Null once it is loaded. */
  readonly text: string | null
  readonly list: EntryList | null
  /** Once it was needed. */
  loaded: LoadedEntry | null
}

/** Entries of one kind of call, found by name without a look at those that do not concern it. */
export interface EntryIndex {
  readonly exact: Map<string, WaitingEntry[]>
  /** By what stands before the first star. */
  readonly globs: Map<string, WaitingEntry[]>
  readonly prefixLengths: Set<number>
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
    addTo(index.exact, match, entry)
    return
  }
  addTo(index.globs, match.slice(0, star), entry)
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
  return new Map([...first].map(([policy, entry]) => [policy, ready(entry)]))
}

function ready(entry: WaitingEntry): LoadedEntry {
  const { policy, position } = entry
  entry.loaded ??= finished(loadEntry(policy, sourceOf(entry), position))
  return entry.loaded
}

function sourceOf({ text, list, position }: WaitingEntry): TableEntry {
  const written = JSON.parse(String(text))
  return list === null ? written : written[list][position]
}

function* candidates(index: EntryIndex, name: string): Iterable<WaitingEntry> {
  yield* index.exact.get(name) ?? []
  for (const length of index.prefixLengths) {
    if (length > name.length) continue
    for (const entry of index.globs.get(name.slice(0, length)) ?? []) {
      if (matchesGlob(entry.match, name)) yield entry
    }
  }
}

function serves(entry: WaitingEntry, server: string): boolean {
  if (entry.server !== undefined) return entry.server === server
  return entry.notServer === undefined || entry.notServer !== server
}

function addTo(map: Map<string, WaitingEntry[]>, key: string, entry: WaitingEntry): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, [entry])
  else known.push(entry)
}
