import type { Explanation, PolicyTrace, RuleTrace } from '../../schemas/decision.ts'
import type { Place } from '../../schemas/problem.ts'
import type { At, TableFile } from '../../schemas/rule-table.ts'
import { concerned, type Observer } from './call-plan.ts'
import type { CautiousJudge, Shadowed } from './cautious.ts'
import { type ConditionError, traceParts } from './cel/plan.ts'
import { decide } from './decide.ts'
import type { Facts } from './facts.ts'
import { judge } from './judge.ts'
import type { LoadedTable } from './load.ts'
import { headOf, type LoadedEntry, type LoadedRule } from './loaded-policy.ts'
import { Unknown } from './unknown.ts'
import type { Verdict } from './verdict.ts'

/** The decision with everything that was looked at on the way: each policy that selects the caller. */
export function explain(table: LoadedTable, facts: Facts): Explanation {
  const hearing: Hearing = {
    facts,
    says: entry => judge(entry, facts),
    holds: ({ condition }) => condition === null || condition(facts),
  }
  return { decision: decide(table, facts), trace: traceOf(table, hearing) }
}

/** What is looked at on the way to a decision about a call of which parts are not known. */
export function explainShadowed(
  table: LoadedTable,
  cautious: CautiousJudge,
  call: Shadowed,
): readonly PolicyTrace[] {
  return traceOf(table, {
    facts: call.facts,
    says: entry => cautious.says(entry, call),
    holds: rule => cautious.holds(rule, call),
  })
}

/** A call, and what entries and rules come to for it. */
interface Hearing {
  readonly facts: Facts
  readonly says: (entry: LoadedEntry) => Verdict | null | Unknown
  readonly holds: (rule: LoadedRule) => boolean | ConditionError | Unknown
}

function traceOf(table: LoadedTable, hearing: Hearing): readonly PolicyTrace[] {
  return concerned(table.plans, hearing.facts).map(policy => policyTrace(table, policy, hearing))
}

function policyTrace(
  { table }: LoadedTable,
  { policy, entry }: Observer,
  hearing: Hearing,
): PolicyTrace {
  const { name, mode, at } = headOf(policy)
  return {
    policy: name,
    mode,
    at: placeOf(table, at),
    entry: entry && { match: entry.source.match, at: placeOf(table, entry.source.at) },
    ...verdictOf(entry && hearing.says(entry)),
    rules: entry === null ? [] : ruleTraces(table, entry, hearing),
  }
}

function verdictOf(said: Verdict | null | Unknown): Pick<PolicyTrace, 'verdict' | 'reason'> {
  if (said === null) return { verdict: 'abstain', reason: 'unmatched' }
  if (said instanceof Unknown) return { verdict: 'unknown', reason: null }
  return { verdict: said.decision.action, reason: said.decision.reason }
}

function ruleTraces(
  table: LoadedTable['table'],
  entry: LoadedEntry,
  hearing: Hearing,
): readonly RuleTrace[] {
  let reached = entry.source.enabled
  return entry.rules.map(rule => {
    const trace = ruleTrace(table, rule, hearing, reached)
    reached = trace.outcome === 'not_matched' || trace.outcome === 'unknown'
    return trace
  })
}

function ruleTrace(
  table: LoadedTable['table'],
  rule: LoadedRule,
  { facts, holds }: Hearing,
  reached: boolean,
): RuleTrace {
  const { name, when, source: written, at } = rule.source
  const common = {
    rule: name,
    at: placeOf(table, at),
    ...(written === undefined ? {} : { condition: written }),
  }
  if (!reached) return { ...common, outcome: 'not_reached', parts: [] }
  if (when === undefined) return { ...common, outcome: 'matched', parts: [] }
  const parts = traceParts(when, String(written), facts)
  return { ...common, ...outcomeOf(holds(rule)), parts }
}

function outcomeOf(
  held: boolean | ConditionError | Unknown,
): Pick<RuleTrace, 'outcome' | 'error' | 'unknown'> {
  if (held instanceof Unknown) return { outcome: 'unknown', unknown: held.why }
  if (typeof held === 'boolean') return { outcome: held ? 'matched' : 'not_matched' }
  return { outcome: 'error', error: held.message }
}

function placeOf({ files }: LoadedTable['table'], [file, line, column]: At): Place {
  return { file: (files[file] as TableFile).path, line, column }
}
