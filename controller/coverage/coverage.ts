import { setImmediate as breathe } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { noPolicies } from '../../policy/decide/no-policies.ts'
import type { Coverage, SilentRule, Unruled } from '../../schemas/coverage.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import type { Releases } from '../publish/releases.ts'
import type { Database } from '../store/database.ts'
import { approverLoad } from './approver-load.ts'
import { inForceSince } from './in-force-since.ts'
import { countedNamespaces, readCounts } from './read-counts.ts'
import { namesOf, type RuleInForce, rulesIn } from './rules-in-force.ts'
import { ruleKey, silentEverywhere } from './silent-everywhere.ts'
import { evidenceFor, silenceOf } from './silent-rules.ts'
import { loosestFirst, unruled } from './unruled.ts'
import type { Counted } from './use.ts'
import { type WrittenEntries, writtenEntries } from './written-entries.ts'

export interface CoverageNeeds {
  readonly db: Kysely<Database>
  readonly releases: Pick<Releases, 'current' | 'body'> & {
    readonly directories: Pick<Releases['directories'], 'of'>
  }
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export interface CoverageQuestion {
  readonly days: number
  /** All namespaces when omitted. */
  readonly namespace?: string | undefined
}

/** Namespaces that are looked at in one report. */
const mostNamespaces = 100
/** Rows of each list that are told. */
const mostTold = 500
const dayMs = 86_400_000

/** What the records of the last days say about the policies in force; days are whole days of UTC, today among them. */
export async function coverage(
  needs: CoverageNeeds,
  { days, namespace }: CoverageQuestion,
): Promise<Coverage> {
  const until = needs.now()
  const since = until - (until % dayMs) - (days - 1) * dayMs
  const names = namespace === undefined ? await namespacesOf(needs, since) : [namespace]
  const found: Found[] = []
  for (const name of names.slice(0, mostNamespaces)) {
    found.push(await foundIn(needs, name, since))
    await breathe()
  }
  const owners = new Map(found.map(({ state, owners }) => [state.namespace, owners]))
  const approvals = await approverLoad(
    {
      db: needs.db,
      directoryOf: name => needs.releases.directories.of(name),
      ownerOf: (name, agent) => owners.get(name)?.get(agent),
    },
    { since, namespace },
  )
  return {
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
    namespaces: found.map(({ state }) => state),
    otherNamespaces: Math.max(0, names.length - mostNamespaces),
    unruled: told(loosestFirst(found.flatMap(({ unruled }) => unruled))),
    silent: told(
      namespace === undefined ? silentEverywhere(found) : found.flatMap(({ silent }) => silent),
    ),
    approvals,
  }
}

function told<T>(items: readonly T[]) {
  return { count: items.length, items: items.slice(0, mostTold) }
}

async function namespacesOf({ db, releases }: CoverageNeeds, since: number) {
  const known = releases.current().map(({ namespace }) => namespace)
  return [...new Set([...known, ...(await countedNamespaces(db, since))])].sort()
}

interface Found {
  readonly state: Coverage['namespaces'][number]
  readonly unruled: readonly Unruled[]
  readonly silent: readonly SilentRule[]
  readonly rules: ReadonlySet<string>
  readonly owners: ReadonlyMap<string, string>
}

async function foundIn(needs: CoverageNeeds, namespace: string, since: number): Promise<Found> {
  const counted = await readCounts(needs.db, { namespace, since })
  const table = await tableInForce(needs, namespace)
  const entries = writtenEntries(table)
  const rules = rulesIn(entries)
  const silent = await silentRules(needs, { table, entries, rules, counted, since })
  return {
    state: {
      ...{ namespace, ...instants(counted), calls: counted.calls },
      ...{ uncountedNames: counted.uncountedNames, rules: rules.length },
      firedRules: rules.length - silent.length,
    },
    unruled: unruled(namespace, entries, counted.uses),
    silent,
    rules: new Set(rules.map(rule => ruleKey(namesOf(table, rule)))),
    owners: new Map(table.agents.map(({ name, user }) => [name, user])),
  }
}

function instants({ recordedSince, observedSince }: Counted) {
  if (recordedSince === null) return {}
  const later = observedSince !== null && observedSince > recordedSince
  return {
    recordedSince: new Date(recordedSince).toISOString(),
    ...(later && { observedSince: new Date(observedSince).toISOString() }),
  }
}

async function tableInForce({ releases }: CoverageNeeds, namespace: string): Promise<RuleTable> {
  const release = releases.current().find(known => known.namespace === namespace)
  const body = release === undefined ? null : await releases.body(release.digest)
  return body === null ? noPolicies(namespace) : JSON.parse(body)
}

interface ToJudge {
  readonly table: RuleTable
  readonly entries: WrittenEntries
  readonly rules: readonly RuleInForce[]
  readonly counted: Counted
  readonly since: number
}

/** The rules that decided nothing for as long as they are in force, and as calls are counted. */
async function silentRules(
  { db, now }: CoverageNeeds,
  { table, entries, rules, counted, since }: ToJudge,
): Promise<readonly SilentRule[]> {
  const { namespace } = table
  const evidence = evidenceFor(entries, rules, counted)
  const standing = await inForceSince(db, { namespace, since }, rules)
  const latest = now()
  return rules.flatMap(rule => {
    const observed = rule.written.policy.mode === 'observe'
    const counting = (observed ? counted.observedSince : counted.recordedSince) ?? latest
    const from = Math.min(latest, Math.max(since, counting, standing(rule)))
    const silence = silenceOf(evidence, rule, from)
    if (silence === null) return []
    return {
      ...namesOf(table, rule),
      ...{ action: rule.rule.action, mode: rule.written.policy.mode },
      ...{ since: new Date(from).toISOString(), why: silence.why, calls: silence.calls },
      ...(silence.by !== null && { by: silence.by }),
    }
  })
}
