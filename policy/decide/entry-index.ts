import type { TableEntry } from '../../schemas/rule-table.ts'
import { finished } from './finished.ts'
import { matchesGlob } from './glob.ts'
import { type LoadedEntry, type LoadedPolicy, loadEntry } from './loaded-policy.ts'
import type { EntryList } from './table-shape.ts'

/** An entry as the index knows it: whom it could concern, and where it is written. */
export interface WaitingEntry {
  readonly match: string
  readonly server: string | undefined
  readonly notServer: string | undefined
  readonly policy: LoadedPolicy
  /** Position in its list; the first entry that matches speaks. */
  readonly position: number
  /** Its JSON; null when it is to be found in that of its policy. */
  readonly text: string | null
  /** Once it was needed. */
  loaded: LoadedEntry | null
  /** Another one that is found by the same text. */
  next: WaitingEntry | undefined
}

/** Entries of one kind of call, found by name without a look at those that do not concern it. */
export interface EntryIndex {
  /** The list that they stand in. */
  readonly list: EntryList
  readonly exact: Map<string, WaitingEntry>
  /** By what stands before the first star. */
  readonly globs: Map<string, WaitingEntry>
  readonly prefixLengths: Set<number>
}

/** An index of entries of a list, which holds nothing yet. */
export function entryIndex(list: EntryList): EntryIndex {
  return { list, exact: new Map(), globs: new Map(), prefixLengths: new Set() }
}

/** Adds an entry to the index. */
export function addEntry({ exact, globs, prefixLengths }: EntryIndex, entry: WaitingEntry): void {
  const star = entry.match.indexOf('*')
  const map = star < 0 ? exact : globs
  const key = star < 0 ? entry.match : entry.match.slice(0, star)
  entry.next = map.get(key)
  map.set(key, entry)
  if (star >= 0) prefixLengths.add(star)
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
  return new Map([...first].map(([policy, entry]) => [policy, ready(index, entry)]))
}

function ready({ list }: EntryIndex, entry: WaitingEntry): LoadedEntry {
  const { policy, position, text } = entry
  entry.loaded ??= finished(loadEntry(policy, sourceOf(), position))
  return entry.loaded

  function sourceOf(): TableEntry {
    const written = JSON.parse(String(text ?? policy.text))
    return text === null ? written[list][position] : written
  }
}

function* candidates(index: EntryIndex, name: string): Iterable<WaitingEntry> {
  yield* linked(index.exact.get(name))
  for (const length of index.prefixLengths) {
    if (length > name.length) continue
    for (const entry of linked(index.globs.get(name.slice(0, length)))) {
      if (matchesGlob(entry.match, name)) yield entry
    }
  }
}

function* linked(first: WaitingEntry | undefined): Iterable<WaitingEntry> {
  for (let entry = first; entry !== undefined; entry = entry.next) yield entry
}

function serves({ server: only, notServer }: WaitingEntry, server: string): boolean {
  if (only !== undefined) return only === server
  return notServer === undefined || notServer !== server
}
