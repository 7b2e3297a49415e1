import type { Explanation, PolicyTrace, RuleTrace } from '../../schemas/decision.ts'
import type { Place } from '../../schemas/problem.ts'
import type { At, TableFile } from '../../schemas/rule-table.ts'
import { concerned, type Observer } from './call-plan.ts'
import { traceParts } from './cel/plan.ts'
import { decide } from './decide.ts'
import type { Facts } from './facts.ts'
import { judge } from './judge.ts'
import type { LoadedTable } from './load.ts'
import { headOf, type LoadedEntry, type LoadedRule } from './loaded-policy.ts'

/** The decision with everything that was looked at on the way: each policy that selects the caller. */
export function explain(table: LoadedTable, facts: Facts): Explanation {
  return {
    decision: decide(table, facts),
    trace: concerned(table.plans, facts).map(policy => policyTrace(table.table, policy, facts)),
  }
}

function policyTrace(
  table: LoadedTable['table'],
  { policy, entry }: Observer,
  facts: Facts,
): PolicyTrace {
  const { name, mode, at } = headOf(policy)
  const decision = (entry && judge(entry, facts)?.decision) ?? null
  return {
    policy: name,
    mode,
    at: placeOf(table, at),
    entry: entry && { match: entry.source.match, at: placeOf(table, entry.source.at) },
    verdict: decision?.action ?? 'abstain',
    reason: decision?.reason ?? 'unmatched',
    rules: entry === null ? [] : ruleTraces(table, entry, facts),
  }
}

function ruleTraces(
  table: LoadedTable['table'],
  entry: LoadedEntry,
  facts: Facts,
): readonly RuleTrace[] {
  let reached = entry.source.enabled
  return entry.rules.map(rule => {
    const trace = ruleTrace(table, rule, facts, reached)
    reached = trace.outcome === 'not_matched'
    return trace
  })
}

function ruleTrace(
  table: LoadedTable['table'],
  { source, condition }: LoadedRule,
  facts: Facts,
  reached: boolean,
): RuleTrace {
  const { name: rule, when, source: written } = source
  const common = {
    rule,
    at: placeOf(table, source.at),
    ...(written === undefined ? {} : { condition: written }),
  }
  if (!reached) return { ...common, outcome: 'not_reached', parts: [] }
  if (condition === null || when === undefined) return { ...common, outcome: 'matched', parts: [] }
  const holds = condition(facts)
  const parts = traceParts(when, String(written), facts)
  return typeof holds === 'boolean'
    ? { ...common, outcome: holds ? 'matched' : 'not_matched', parts }
    : { ...common, outcome: 'error', error: holds.message, parts }
}

function placeOf({ files }: LoadedTable['table'], [file, line, column]: At): Place {
  return { file: (files[file] as TableFile).path, line, column }
}
