import type { Kysely } from 'kysely'
import { noPolicies } from '../../policy/decide/no-policies.ts'
import type { ApproverLoad, SilentWhy, Unruled } from '../../schemas/coverage.ts'
import type { Directory } from '../../schemas/directory.ts'
import type { Replay } from '../../schemas/replay.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import type { Database } from '../store/database.ts'
import { approverLoad } from './approver-load.ts'
import { readCounts } from './read-counts.ts'
import { type RuleInForce, rulesIn, ruleText } from './rules-in-force.ts'
import { evidenceFor, whyNeverAsked } from './silent-rules.ts'
import { unruled } from './unruled.ts'
import type { Counted } from './use.ts'
import { type WrittenEntries, writtenEntries } from './written-entries.ts'

/** What is in force, or would be. */
interface Side {
  readonly tables: ReadonlyMap<string, RuleTable>
  readonly directories: readonly Directory[]
}

/** A rule of a change or of what is in force, and what is known of it. */
export interface NamedRule {
  readonly namespace: string
  readonly policy: string
  readonly rule: string
  readonly kind: string
  readonly match: string
}

/** Something that is used and that no rule names, before or after a change. */
export interface ChangedUse extends Unruled {
  /** `named`: with the change a rule names it; `unnamed`: with it none does any more. */
  readonly change: 'named' | 'unnamed' | 'none'
}

/** What the calls on record say about a change. */
export interface ChangeCoverage {
  readonly days: number
  /** When the first call was counted; null when none was. */
  readonly recordedSince: string | null
  /** Calls of names that are not looked at. */
  readonly uncountedNames: number
  /** Namespaces that change and are not looked at. */
  readonly otherNamespaces: number
  readonly unruledBefore: number
  readonly unruledAfter: number
  readonly uses: readonly ChangedUse[]
  /** Rules that come and that no recorded call would have met, for certain. */
  readonly idle: readonly (NamedRule & { readonly why: SilentWhy })[]
  /** How many other rules come that would have decided no recorded call otherwise than it was. */
  readonly unchanging: number
  /** Rules that go and that had decided calls. */
  readonly dropped: readonly (NamedRule & { readonly calls: number; readonly lastAt: string })[]
  /** People who would be asked more, as they were asked until now. */
  readonly people: readonly AskedMore[]
}

/** A person who would be asked more often. */
export interface AskedMore
  extends Pick<ApproverLoad, 'user' | 'asked' | 'answered' | 'medianMs' | 'p95Ms'> {
  /** Questions a day, as it would be. */
  readonly after: number
}

export interface ChangeCoverageNeeds {
  readonly db: Kysely<Database>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface CoveredChange {
  readonly before: Side
  readonly after: Side
  /** What recorded calls come to; a sentence where they were not asked. */
  readonly replay: Replay | string
  readonly days: number
}

const mostNamespaces = 20
const dayMs = 86_400_000

/** Holds a change against the calls of so many days; null when it changes no policy. */
export async function changeCoverage(
  { db, now }: ChangeCoverageNeeds,
  { before, after, replay, days }: CoveredChange,
): Promise<ChangeCoverage | null> {
  const today = now()
  const since = today - (today % dayMs) - (days - 1) * dayMs
  const changed = [...new Set([...before.tables.keys(), ...after.tables.keys()])]
    .filter(name => isOther(before.tables.get(name), after.tables.get(name)))
    .sort()
  if (changed.length === 0) return null
  const met = metIn(replay)
  const found: Found[] = []
  for (const namespace of changed.slice(0, mostNamespaces)) {
    const counted = await readCounts(db, { namespace, since })
    const sides = [before, after].map(({ tables }) =>
      writtenEntries(tables.get(namespace) ?? noPolicies(namespace)),
    ) as [WrittenEntries, WrittenEntries]
    found.push(foundIn(namespace, counted, sides, met))
  }
  const recorded = found.flatMap(({ recordedSince }) => recordedSince ?? [])
  const sum = (of: (found: Found) => number) => found.reduce((all, each) => all + of(each), 0)
  return {
    days,
    recordedSince: recorded.length === 0 ? null : new Date(Math.min(...recorded)).toISOString(),
    uncountedNames: sum(({ uncountedNames }) => uncountedNames),
    otherNamespaces: Math.max(0, changed.length - mostNamespaces),
    unruledBefore: sum(({ unruledBefore }) => unruledBefore),
    unruledAfter: sum(({ unruledAfter }) => unruledAfter),
    uses: found.flatMap(({ uses }) => uses),
    idle: found.flatMap(({ idle }) => idle),
    unchanging: sum(({ unchanging }) => unchanging),
    dropped: found.flatMap(({ dropped }) => dropped),
    people: await askedMore(db, before, replay, since),
  }
}

function isOther(a: RuleTable | undefined, b: RuleTable | undefined): boolean {
  return JSON.stringify(a?.policies) !== JSON.stringify(b?.policies)
}

type Found = Pick<
  ChangeCoverage,
  'uncountedNames' | 'unruledBefore' | 'unruledAfter' | 'uses' | 'idle' | 'unchanging' | 'dropped'
> & { readonly recordedSince: number | null }

function foundIn(
  namespace: string,
  counted: Counted,
  [before, after]: readonly [WrittenEntries, WrittenEntries],
  met: ReadonlySet<string>,
): Found {
  const { uncountedNames, recordedSince } = counted
  const named = namedUses(namespace, counted, before, after)
  const come = rulesThatCome(namespace, counted, before, after, met)
  const dropped = rulesThatGo(namespace, counted, before, after)
  return { uncountedNames, recordedSince, ...named, ...come, dropped }
}

/** A default that decided calls may decide others once policies are different: what names things is compared alone. */
function namedUses(
  namespace: string,
  { uses }: Counted,
  before: WrittenEntries,
  after: WrittenEntries,
) {
  const among = (entries: WrittenEntries) =>
    unruled(namespace, entries, uses).filter(({ why }) => why !== 'default_decided')
  const [was, is] = [among(before), among(after)]
  const texts = (of: readonly Unruled[]) => new Set(of.map(useText))
  const [known, left] = [texts(was), texts(is)]
  return {
    unruledBefore: was.length,
    unruledAfter: is.length,
    uses: [
      ...is
        .filter(use => !known.has(useText(use)))
        .map(use => ({ ...use, change: 'unnamed' as const })),
      ...was
        .filter(use => !left.has(useText(use)))
        .map(use => ({ ...use, change: 'named' as const })),
      ...is
        .filter(use => known.has(useText(use)))
        .map(use => ({ ...use, change: 'none' as const })),
    ],
  }
}

function useText({ kind, server = '', name }: Unruled): string {
  return JSON.stringify([kind, server, name])
}

function rulesThatCome(
  namespace: string,
  { uses }: Counted,
  before: WrittenEntries,
  after: WrittenEntries,
  met: ReadonlySet<string>,
) {
  const known = new Set(rulesIn(before).map(ruleText))
  const rules = rulesIn(after)
  const evidence = evidenceFor(after, rules, { uses, firings: [] })
  const idle: (NamedRule & { readonly why: SilentWhy })[] = []
  let unchanging = 0
  for (const rule of rules.filter(rule => !known.has(ruleText(rule)))) {
    const named = nameOf(namespace, rule)
    if (met.has(decidedText(named))) continue
    const never = whyNeverAsked(evidence, rule, 0)
    if (never === null) unchanging += 1
    else idle.push({ ...named, why: never.why })
  }
  return { idle, unchanging }
}

function rulesThatGo(
  namespace: string,
  { firings }: Counted,
  before: WrittenEntries,
  after: WrittenEntries,
) {
  const stay = new Set(rulesIn(after).map(rule => decidedText(nameOf(namespace, rule))))
  return rulesIn(before).flatMap(rule => {
    const named = nameOf(namespace, rule)
    if (stay.has(decidedText(named))) return []
    const fired = firings.filter(
      ({ kind, policy, rule, reason, observed }) =>
        kind === named.kind &&
        policy === named.policy &&
        rule === named.rule &&
        reason === 'rule' &&
        !observed,
    )
    if (fired.length === 0) return []
    const lastAt = new Date(Math.max(...fired.map(({ lastAt }) => lastAt))).toISOString()
    return { ...named, calls: fired.reduce((sum, { calls }) => sum + calls, 0), lastAt }
  })
}

function nameOf(namespace: string, { written, rule }: RuleInForce): NamedRule {
  const { policy, kind, entry } = written
  return { namespace, policy: policy.name, rule: rule.name, kind, match: entry.match }
}

/** Rules that would decide recorded calls otherwise than they were. */
function metIn(replay: Replay | string): ReadonlySet<string> {
  if (typeof replay === 'string') return new Set()
  return new Set(
    replay.changed.map(({ namespace, policy = '', rule = '', kind }) =>
      decidedText({ namespace, policy, rule, kind }),
    ),
  )
}

function decidedText({ namespace, policy, rule, kind }: Omit<NamedRule, 'match'>): string {
  return JSON.stringify([namespace, kind, policy, rule])
}

async function askedMore(
  db: Kysely<Database>,
  { tables, directories }: Side,
  replay: Replay | string,
  since: number,
): Promise<readonly AskedMore[]> {
  if (typeof replay === 'string') return []
  const more = replay.approvals.filter(({ askedBefore, askedAfter }) => askedAfter > askedBefore)
  if (more.length === 0) return []
  const { people } = await approverLoad(
    {
      db,
      directoryOf: namespace => directories.find(known => known.namespace === namespace) ?? null,
      ownerOf: (namespace, agent) =>
        tables.get(namespace)?.agents.find(({ name }) => name === agent)?.user,
    },
    { since },
  )
  return more.map(({ user, after }) => {
    const load = people.find(known => known.user === user)
    const { asked = 0, answered = 0, medianMs, p95Ms } = load ?? {}
    return {
      ...{ user, after, asked, answered },
      ...(medianMs !== undefined && { medianMs }),
      ...(p95Ms !== undefined && { p95Ms }),
    }
  })
}
