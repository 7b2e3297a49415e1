import type { RuleTable, TableRule } from '../../schemas/rule-table.ts'
import type { WrittenEntries, WrittenEntry } from './written-entries.ts'

/** A rule of a table, with its place in its entry. */
export interface RuleInForce {
  readonly written: WrittenEntry
  readonly rule: TableRule
  readonly index: number
}

/** Every rule of a table, as it is written. */
export function rulesIn(entries: WrittenEntries): readonly RuleInForce[] {
  return entries.all.flatMap(written =>
    written.entry.rules.map((rule, index) => ({ written, rule, index })),
  )
}

/** What makes a rule the one that it is: whom and what it is about, when, and what it decides. */
export function ruleText({ written: { policy, kind, entry }, rule }: RuleInForce): string {
  const { match, server, notServer, enabled } = entry
  const { name, mode, subjects } = policy
  const { when, action, workflows } = rule
  return JSON.stringify([
    ...[name, mode, subjects?.agents, subjects?.apiKeys, kind, match, server, notServer, enabled],
    ...[rule.name, when, action, workflows],
  ])
}

/** Where a rule is written. */
export function placeOf({ files }: RuleTable, { rule: { at } }: RuleInForce) {
  const [file, line, column] = at
  const path = files[file]?.path
  return path === undefined ? {} : { at: { file: path, line, column } }
}
