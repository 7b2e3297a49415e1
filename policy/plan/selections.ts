import { burn, type Fuel } from './fuel.ts'
import { type NameCell, namesIn, patternsOf } from './names.ts'
import { type Outcome, outcome, together } from './outcome.ts'
import type { Parties, Party } from './parties.ts'

/** Callers whom the same policies select, before and after. */
export interface Selection {
  readonly agent: NameCell
  readonly apiKey: NameCell
  readonly before: Selected
  readonly after: Selected
  /** Names of the policies among them that changed. */
  readonly changed: ReadonlySet<string>
}

/** The policies of one state that select a caller. */
export interface Selected {
  readonly parties: ReadonlySet<Party>
  /** Those of the system namespace. */
  readonly system: readonly Party[]
  /** What the namespace's own policies say when all abstain; null where there are none. */
  readonly unmatched: Outcome | null
}

/** Every kind of caller that a policy selects which changed; none, and no fuel left, when there are too many. */
export function selectionsOf({ before, after }: Parties, fuel: Fuel): readonly Selection[] {
  const all = [...before, ...after]
  const found = new Map<string, Selection>()
  for (const agent of cellsOf(all, 'agents')) {
    if (!burn(fuel, all.length)) return []
    const some = all.filter(party => isAmong(party, 'agents', agent))
    for (const apiKey of cellsOf(some, 'apiKeys')) {
      if (!burn(fuel, some.length)) return []
      const chosen = new Set(some.filter(party => isAmong(party, 'apiKeys', apiKey)))
      const key = all.flatMap((party, i) => (chosen.has(party) ? i : [])).join()
      if (found.has(key)) continue
      found.set(key, {
        agent,
        apiKey,
        before: selected(before.filter(party => chosen.has(party))),
        after: selected(after.filter(party => chosen.has(party))),
        changed: new Set(
          [...chosen].flatMap(({ changed, policy }) => (changed ? policy.name : [])),
        ),
      })
    }
  }
  return [...found.values()].filter(({ changed }) => changed.size > 0)
}

/** What a policy says to a call of which nothing in it speaks. */
export function unmatchedOf({ policy: { name: policy, unmatched, at } }: Party): Outcome {
  return outcome(unmatched, { reason: 'unmatched', policy, at })
}

type List = 'agents' | 'apiKeys'

/** The names that policies tell apart, of those that one selects which changed. */
function* cellsOf(parties: readonly Party[], list: List): Iterable<NameCell> {
  const patterns = patternsOf(parties.flatMap(party => party.policy.subjects?.[list] ?? []))
  const regions = new Set(
    parties.flatMap(party => (party.changed ? (party.policy.subjects?.[list] ?? ['*']) : [])),
  )
  for (const region of regions.has('*') ? ['*'] : regions) yield* namesIn(region, patterns)
}

function isAmong({ policy }: Party, list: List, cell: NameCell): boolean {
  return policy.subjects?.[list]?.some(cell.matches) ?? true
}

function selected(parties: readonly Party[]): Selected {
  return {
    parties: new Set(parties),
    system: parties.filter(({ policy }) => policy.system),
    unmatched: parties
      .filter(({ policy }) => !policy.system)
      .map(unmatchedOf)
      .reduce<Outcome | null>(together, null),
  }
}
