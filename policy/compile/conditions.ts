import type { ConditionProblem, ParsedCondition } from './cel/parse-condition.ts'
import { parseCondition } from './cel/parse-condition.ts'
import { parseSimple } from './cel/parse-simple.ts'
import { type KnownServer, type KnownTools, matching, toolsFor } from './known-tools.ts'
import {
  type ConditionDraft,
  type EntryDraft,
  isAboutKnown,
  type PolicyDraft,
} from './policy-draft.ts'

/** The condition of each rule that has one, parsed and checked. */
export type ParsedConditions = ReadonlyMap<ConditionDraft, ParsedCondition>

/** Parses the conditions of all policies, typed by the schemas of the tools they are about. */
export function parseConditions(
  drafts: readonly PolicyDraft[],
  tools: KnownTools,
  systemNamespace: string,
): ParsedConditions {
  const known = new Map<string, ParsedCondition>()
  const parsed = drafts.flatMap(draft => {
    // What the tools of the system namespace take says nothing about those of the others.
    const foreign = draft.namespace === systemNamespace
    const servers = foreign ? [] : (tools.get(draft.namespace) ?? [])
    return Object.values(draft.entries)
      .flat()
      .flatMap(entry => parseEntry(entry, isAboutKnown(draft, entry) ? servers : [], known))
  })
  return new Map(parsed)
}

/** What became of a condition; every condition of the drafts that were parsed is there. */
export function conditionOf(conditions: ParsedConditions, when: ConditionDraft): ParsedCondition {
  return conditions.get(when) as ParsedCondition
}

function parseEntry(
  entry: EntryDraft,
  servers: readonly KnownServer[],
  known: Map<string, ParsedCondition>,
): readonly (readonly [ConditionDraft, ParsedCondition])[] {
  const conditions = entry.rules.flatMap(({ when }) => when ?? [])
  const args = conditions.length === 0 ? [] : argumentsOf(entry, servers)
  // Typed conditions are few; the untyped ones repeat from tool to tool.
  if (args.length > 0) return conditions.map(when => [when, parse(when, entry, args)])
  return conditions.map(when => {
    const key = `${when.language} ${entry.kind} ${when.source}`
    const result = known.get(key) ?? parse(when, entry, args)
    known.set(key, result)
    return [when, result]
  })
}

function argumentsOf(entry: EntryDraft, servers: readonly KnownServer[]): unknown[] {
  const offered = entry.kind === 'tool' ? toolsFor(servers, entry) : null
  const schemas = matching(offered ?? [], entry).map(({ inputSchema }) => inputSchema)
  return schemas.includes(undefined) ? [] : schemas
}

function parse(
  { source, language }: ConditionDraft,
  { kind }: EntryDraft,
  args: readonly unknown[],
): ParsedCondition {
  if (language !== 'cel') {
    const simple = parseSimple(source)
    if (language === 'simple' || simple.expression !== null) return simple
  }
  const parsed = parseCondition(source, { kind, args })
  if (language !== 'either') return parsed
  return { ...parsed, problems: [...parsed.problems, assumed] }
}

const assumed: ConditionProblem = {
  severity: 'warning',
  code: 'portable_cel',
  message: 'The condition is read as CEL, since it is not of the simple form.',
  suggestion: 'Write condition_type: cel.',
  start: 0,
  end: 0,
}
