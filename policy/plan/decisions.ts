import { builtin } from '../../schemas/builtin-tool.ts'
import type { CallKind } from '../../schemas/call-kind.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import { eachCase, type Supposed } from './cases.ts'
import { type Conditions, newConditions } from './conditions.ts'
import { burn, type Fuel } from './fuel.ts'
import { decided, decidedOwn, exactly, roughly, type Say } from './judged.ts'
import { comparison, type Outcome } from './outcome.ts'
import { type Parties, partiesOf, type Region } from './parties.ts'
import { readsReason } from './reads-reason.ts'
import { type Selected, type Selection, selectionsOf } from './selections.ts'
import { type EntryMap, entryMap, heardBy, type Speaker, type Spot, spotsIn } from './spots.ts'

/** Calls that were decided in one way and would be in another. */
export interface Transition {
  readonly region: Region
  readonly relation: 'looser' | 'stricter' | 'other'
  readonly before: Outcome
  readonly after: Outcome
  /** Some of the cases in which it is so, as far as the form of conditions tells. */
  readonly cases: Case[]
}

/** Calls that policies do not tell apart, with what is supposed of their conditions. */
export interface Case {
  readonly spot: Spot
  readonly selection: Selection
  readonly supposed: readonly Supposed[]
}

/** A region of which nothing is known. */
export interface Unsure {
  readonly region: Region
  readonly why: 'too_much' | 'reason_moves'
}

/** How the decisions of two tables differ; every call is in a transition or unsure unless it is decided as before. */
export interface Decisions {
  readonly parties: Parties
  readonly transitions: readonly Transition[]
  readonly unsure: readonly Unsure[]
  /** Names of the policies that changed and have a part in that. */
  readonly involved: ReadonlySet<string>
}

/** Compares the decisions of two tables on every call. */
export function compareDecisions(before: RuleTable, after: RuleTable, fuel: Fuel): Decisions {
  const parties = partiesOf(before, after)
  const comparing: Comparing = {
    fuel,
    conditions: newConditions(),
    seen: new Set(),
    transitions: new Map(),
    unsure: new Map(),
    involved: new Set(),
  }
  const selections = selectionsOf(parties, fuel)
  const maps = new Map<CallKind, EntryMap>()
  const places = Map.groupBy(parties.regions, ({ policy: _, ...place }) => JSON.stringify(place))
  for (const regions of places.values()) {
    const { kind } = regions[0] as Region
    const map = maps.get(kind) ?? entryMap(parties, kind)
    maps.set(kind, map)
    if (fuel.left > 0 && compareRegions(comparing, regions, map, selections)) continue
    for (const region of regions) doubt(comparing, region, 'too_much')
  }
  const { transitions, unsure, involved } = comparing
  return {
    parties,
    transitions: [...transitions.values()],
    unsure: [...unsure.values()],
    involved,
  }
}

interface Comparing {
  readonly fuel: Fuel
  readonly conditions: Conditions
  /** What has been compared already. */
  readonly seen: Set<string>
  readonly transitions: Map<string, Transition>
  readonly unsure: Map<string, Unsure>
  readonly involved: Set<string>
}

/** Compares what is decided in a region of one or more policies; false when there is too much in it. */
function compareRegions(
  comparing: Comparing,
  regions: readonly Region[],
  map: EntryMap,
  selections: readonly Selection[],
): boolean {
  const byPolicy = new Map(regions.map(region => [region.policy, region]))
  const concerned = selections.flatMap(selection => {
    const policy = [...selection.changed].find(name => byPolicy.has(name))
    return policy === undefined ? [] : [[selection, byPolicy.get(policy) as Region] as const]
  })
  for (const spot of spotsIn(regions[0] as Region, map)) {
    for (const [selection, region] of concerned) {
      const [few, many] = [spot.speakers.size, selection.before.parties.size]
      if (!burn(comparing.fuel, 1 + Math.min(few, many))) return false
      compareSpot(comparing, region, spot, selection)
    }
  }
  return true
}

function compareSpot(comparing: Comparing, region: Region, spot: Spot, selection: Selection): void {
  const before = heardBy(selection.before.parties, spot)
  const after = heardBy(selection.after.parties, spot)
  const texts = [sideText(selection.before, before), sideText(selection.after, after)]
  const key = [region.kind, ...texts, spot.server === builtin].join(' ')
  if (texts[0] === texts[1] || comparing.seen.has(key)) return
  comparing.seen.add(key)
  const moves = takesReason(selection.before, before) !== takesReason(selection.after, after)
  if (region.kind === 'tool' && moves && [...before, ...after].some(mayNotice)) {
    doubt(comparing, region, 'reason_moves')
  }
  const at = { region, spot, selection, before, after }
  compareCases(comparing, at, decided)
  if (spot.server === builtin) compareCases(comparing, at, decidedOwn)
}

/** Calls that policies do not tell apart, and the entries that speak of them in either state. */
interface Place {
  readonly region: Region
  readonly spot: Spot
  readonly selection: Selection
  readonly before: readonly Speaker[]
  readonly after: readonly Speaker[]
}

/** Work on one place, before conditions of policies that did not change are no longer looked at. */
const mostAtPlace = 1_000_000

function compareCases(comparing: Comparing, at: Place, decide: typeof decided): void {
  const { conditions } = comparing
  const all = tryCases(comparing, at, decide, exactly(conditions))
  if (all || tryCases(comparing, at, decide, roughly(conditions))) return
  doubt(comparing, at.region, 'too_much')
}

function tryCases(comparing: Comparing, at: Place, decide: typeof decided, says: Say): boolean {
  const { region, spot, selection } = at
  const fuel = { left: Math.min(mostAtPlace, comparing.fuel.left) }
  const given = fuel.left
  let differs = false
  const all = eachCase((ask, supposed) => {
    const say = (speaker: Speaker, spoken: boolean) => says(speaker, ask, spoken)
    const before = decide(selection.before, at.before, say)
    const after = decide(selection.after, at.after, say)
    const relation = comparison(before, after)
    if (relation === 'same') return
    differs = true
    note(comparing, { region, relation, before, after, cases: [] }, () => ({
      spot,
      selection,
      supposed: supposed(),
    }))
  }, fuel)
  comparing.fuel.left -= given - Math.max(fuel.left, 0)
  if (differs) for (const name of partsIn(at)) comparing.involved.add(name)
  return all
}

/** Cases kept of each transition. */
const fewCases = 4

function note({ transitions }: Comparing, transition: Transition, caseAt: () => Case): void {
  const { region, relation, before, after } = transition
  const key = [region.kind, relation, groundsOf(before), groundsOf(after)].join('\n')
  const known = transitions.get(key) ?? transition
  transitions.set(key, known)
  if (known.cases.length < fewCases) known.cases.push(caseAt())
}

function groundsOf({ action, workflows, reason, policy, rule, at }: Outcome): string {
  return [action, ...workflows, reason, policy, rule?.name, at].join('\t')
}

/** The policies that say something else there than before. */
function partsIn({ selection, before, after }: Place): readonly string[] {
  const said = (heard: readonly Speaker[]) =>
    new Map(heard.map(({ party, id }) => [party.policy.name, id]))
  const [was, is] = [said(before), said(after)]
  const changed = [...was.keys(), ...is.keys()].filter(name => was.get(name) !== is.get(name))
  return [...selection.changedDefaults, ...changed]
}

/** Equal for two sides of which every call gets the same decision. */
function sideText({ unmatched, system }: Selected, heard: readonly Speaker[]): string {
  const defaults = system.map(({ policy }) => [policy.name, policy.unmatched])
  const ids = heard.map(({ id }) => id).sort((a, b) => a - b)
  return JSON.stringify([unmatched?.action, unmatched?.workflows, defaults, ids])
}

/** Whether the reason for a call is taken out of its arguments. */
function takesReason({ unmatched }: Selected, heard: readonly Speaker[]): boolean {
  return unmatched !== null && heard.some(({ entry }) => entry.justification !== 'off')
}

function mayNotice({ entry }: Speaker): boolean {
  return entry.rules.some(({ when }) => when !== undefined && readsReason(when))
}

function doubt({ unsure }: Comparing, region: Region, why: Unsure['why']): void {
  const key = [why, region.policy, region.kind, region.match, region.server].join(' ')
  if (!unsure.has(key)) unsure.set(key, { region, why })
}
