import type { CallKind } from '../../schemas/call-kind.ts'
import type { TableEntry } from '../../schemas/rule-table.ts'
import { anything, type NameCell, namesIn, type Patterns, patternsOf } from './names.ts'
import { entriesOf, type Parties, type Party, type Region } from './parties.ts'
import { entryText, written } from './written.ts'

/** Calls of a kind whose name and server no policy tells apart. */
export interface Spot {
  readonly kind: CallKind
  readonly name: NameCell
  /** `anything` for those that no entry names. */
  readonly server: string
  /** The servers that entries name. */
  readonly named: ReadonlySet<string>
  /** The first entry of each policy that is about them. */
  readonly speakers: ReadonlyMap<Party, Speaker>
}

/** An entry that speaks, and for whom. */
export interface Speaker {
  readonly party: Party
  readonly entry: TableEntry
  /** Equal for entries of policies of one name that decide the same. */
  readonly id: number
  readonly position: number
}

/** The entries of all policies by what they match. */
export interface EntryMap {
  readonly patterns: Patterns
  readonly entries: ReadonlyMap<string, readonly Speaker[]>
}

/** The entries of a kind in both states. */
export function entryMap({ before, after }: Parties, kind: CallKind): EntryMap {
  const ids = new Map<string, number>()
  const speakers = [...before, ...after].flatMap(party =>
    entriesOf(party, kind).map((entry, position) => {
      const { name, onError } = party.policy
      const text = JSON.stringify([name, written(onError), entryText(entry)])
      const id = ids.get(text) ?? ids.size
      ids.set(text, id)
      return { party, entry, id, position }
    }),
  )
  return {
    patterns: patternsOf(speakers.map(({ entry }) => entry.match)),
    entries: Map.groupBy(speakers, ({ entry }) => entry.match),
  }
}

/** Every spot of a region. */
export function* spotsIn({ kind, match, ...region }: Region, map: EntryMap): Iterable<Spot> {
  for (const name of namesIn(match, map.patterns)) {
    const about = speakersOn(name, map)
    const named = new Set(
      about.flatMap(({ entry }) => [entry.server ?? [], entry.notServer ?? []].flat()),
    )
    for (const server of [anything, ...named]) {
      if (!serves(region, server)) continue
      yield { kind, name, server, named, speakers: firstOf(about, server) }
    }
  }
}

/** The entries that speak for policies, in the order of those. */
export function heardBy(parties: ReadonlySet<Party>, { speakers }: Spot): readonly Speaker[] {
  if (parties.size > speakers.size) {
    return [...speakers.values()].filter(({ party }) => parties.has(party))
  }
  return [...parties].flatMap(party => speakers.get(party) ?? [])
}

function speakersOn(name: NameCell, { patterns, entries }: EntryMap): readonly Speaker[] {
  const spelled = name.form.includes(anything) ? patterns.texts : [name.form]
  const odd = [...spelled].filter(text => entries.has(text) && name.matches(text))
  return [...odd, ...patterns.globs.filter(name.matches)].flatMap(
    match => entries.get(match) as readonly Speaker[],
  )
}

function firstOf(about: readonly Speaker[], server: string): ReadonlyMap<Party, Speaker> {
  const first = new Map<Party, Speaker>()
  for (const speaker of about) {
    const { party, entry, position } = speaker
    const known = first.get(party)
    if ((known === undefined || position < known.position) && serves(entry, server)) {
      first.set(party, speaker)
    }
  }
  return first
}

type Offered = Pick<TableEntry, 'server' | 'notServer'>

function serves({ server: only, notServer }: Offered, server: string): boolean {
  if (only !== undefined) return only === server
  return notServer === undefined || notServer !== server
}
