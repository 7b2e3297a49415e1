import { burn, type Fuel } from './fuel.ts'
import { anything, type NameCell, namesIn, type Patterns, patternsOf } from './names.ts'
import { type Outcome, outcome, together } from './outcome.ts'
import type { Parties, Party } from './parties.ts'
import { written } from './written.ts'

/** Callers whom the same policies select, before and after. */
export interface Selection {
  readonly agent: NameCell
  readonly apiKey: NameCell
  readonly before: Selected
  readonly after: Selected
  /** Names of the policies among them that changed. */
  readonly changed: ReadonlySet<string>
  /** Those that say something else than before where nothing in them speaks. */
  readonly changedDefaults: readonly string[]
}

/** The policies of one state that select a caller. */
export interface Selected {
  readonly parties: ReadonlySet<Party>
  /** Those of the system namespace. */
  readonly system: readonly Party[]
  /** What the namespace's own policies say when all abstain; null where there are none. */
  readonly unmatched: Outcome | null
}

/** Every kind of caller that a policy selects which changed; no fuel is left when there are too many. */
export function selectionsOf({ before, after }: Parties, fuel: Fuel): readonly Selection[] {
  const all = [...before, ...after]
  const found = new Map<string, Selection>()
  const agents = subjectsIn(all, 'agents')
  for (const agent of cellsOf(agents, all)) {
    const some = selecting(agents, agent)
    const keys = subjectsIn(some, 'apiKeys')
    for (const apiKey of cellsOf(keys, some)) {
      const chosen = selecting(keys, apiKey)
      if (!burn(fuel, agents.patterns.globs.length + some.length)) return []
      const key = chosen.map(({ id }) => id).join()
      if (!found.has(key)) found.set(key, selectionOf(agent, apiKey, chosen))
    }
  }
  return [...found.values()].filter(({ changed }) => changed.size > 0)
}

/** What a policy says to a call of which nothing in it speaks. */
export function unmatchedOf({ policy: { name: policy, unmatched, at } }: Party): Outcome {
  return outcome(unmatched, { reason: 'unmatched', policy, at })
}

type List = 'agents' | 'apiKeys'

/** Policies by the agents or keys that they name. */
interface Subjects {
  readonly list: List
  readonly patterns: Patterns
  readonly byPattern: ReadonlyMap<string, readonly Party[]>
  /** Those that name none. */
  readonly ofAll: readonly Party[]
}

function subjectsIn(parties: readonly Party[], list: List): Subjects {
  const named = parties.flatMap(party =>
    (party.policy.subjects?.[list] ?? []).map(pattern => ({ party, pattern })),
  )
  const byPattern = new Map<string, Party[]>()
  for (const { party, pattern } of named) {
    byPattern.set(pattern, [...(byPattern.get(pattern) ?? []), party])
  }
  return {
    list,
    byPattern,
    patterns: patternsOf(byPattern.keys()),
    ofAll: parties.filter(({ policy }) => policy.subjects?.[list] === undefined),
  }
}

/** The names that policies tell apart, of those that one selects which changed. */
function* cellsOf({ list, patterns }: Subjects, parties: readonly Party[]): Iterable<NameCell> {
  const regions = new Set(
    parties.flatMap(party => (party.changed ? (party.policy.subjects?.[list] ?? ['*']) : [])),
  )
  for (const region of regions.has('*') ? ['*'] : regions) yield* namesIn(region, patterns)
}

/** The policies that select a name, in their order. */
function selecting({ patterns, byPattern, ofAll }: Subjects, cell: NameCell): readonly Party[] {
  const spelled = cell.form.includes(anything) ? [...patterns.texts] : [cell.form]
  const texts = spelled.filter(text => patterns.texts.has(text))
  const matching = [...texts, ...patterns.globs].filter(cell.matches)
  const named = matching.flatMap(pattern => byPattern.get(pattern) as readonly Party[])
  return [...new Set([...ofAll, ...named])].sort((a, b) => a.id - b.id)
}

function selectionOf(agent: NameCell, apiKey: NameCell, chosen: readonly Party[]): Selection {
  const before = chosen.filter(({ isOld }) => isOld)
  const after = chosen.filter(({ isOld }) => !isOld)
  const changed = new Set(chosen.filter(party => party.changed).map(({ policy }) => policy.name))
  const defaults = [before, after].map(
    parties => new Map(parties.map(({ policy }) => [policy.name, written(policy.unmatched)])),
  )
  return {
    agent,
    apiKey,
    before: selected(before),
    after: selected(after),
    changed,
    changedDefaults: [...changed].filter(name => defaults[0]?.get(name) !== defaults[1]?.get(name)),
  }
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
