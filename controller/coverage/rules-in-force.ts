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

/** What a rule of a table is called, what its entry is about, and where it is written. */
export function namesOf({ namespace, files }: RuleTable, { written, rule }: RuleInForce) {
  const { policy, kind, entry } = written
  const { match, server } = entry
  return {
    ...{ namespace, policy: policy.name, rule: rule.name, kind, match },
    ...(server !== undefined && { server }),
    ...placeOf(files, rule),
  }
}

function placeOf(files: RuleTable['files'], { at }: TableRule) {
  const [file, line, column] = at
  const path = files[file]?.path
  return path === undefined ? {} : { at: { file: path, line, column } }
}
