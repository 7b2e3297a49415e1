import type { ApprovalQuestion } from '../../../schemas/approval.ts'
import type { Fallback } from '../../../schemas/rule-table.ts'
import type { KnownEntry, KnownPlace, KnownPolicy, KnownRule, KnownTable } from './known-table.ts'

/** How what asked is found again in a later table: by names and by what is written, not by lines. */
export interface RulePrint {
  readonly policy: string
  readonly reason: string
  readonly rule: string | null
  /** The condition as written; null when the rule always matches, or when its table is not known. */
  readonly source: string | null
  /** The entry that it stands in; null for the policy itself, or when its table is not known. */
  readonly entry: Pick<KnownEntry, 'kind' | 'match' | 'server' | 'notServer'> | null
  /** Whether the table was known when the print was taken. */
  readonly exact: boolean
}

/** The print of what asked, by the table under which it asked; null when no policy asks. */
export function printOf(
  { rule, reason }: ApprovalQuestion,
  table: KnownTable | null,
): RulePrint | null {
  if (rule.policy === undefined) return null
  const print = { policy: rule.policy, reason, rule: rule.rule ?? null }
  const policy = table?.policies.get(rule.policy)
  const here = (place: KnownPlace) =>
    (rule.file === undefined || rule.file === place.file) &&
    (rule.line === undefined || rule.line === place.line)
  for (const entry of policy?.entries ?? []) {
    const { kind, match, server, notServer } = entry
    const place = { kind, match, server, notServer }
    const found = entry.rules.find(({ name, place }) => name === rule.rule && here(place))
    if (found) return { ...print, source: found.source, entry: place, exact: true }
    if (rule.rule === undefined && entry.otherwise && rule.line !== undefined && here(entry.place))
      return { ...print, source: null, entry: place, exact: true }
  }
  const exact = policy !== undefined && rule.rule === undefined
  return { ...print, source: null, entry: null, exact }
}

/** What the rule says in the table: the verdict of each place where it still stands, none when it is gone. */
export function verdictsOf(print: RulePrint, table: KnownTable): readonly Fallback[] {
  const policy = table.policies.get(print.policy)
  if (policy === undefined || policy.mode === 'observe') return []
  if (print.rule === null && print.entry === null) {
    return [print.reason === 'condition_error' ? policy.onError : policy.unmatched]
  }
  return policy.entries
    .filter(entry => sameEntry(print, entry))
    .flatMap(entry => verdictsIn(print, policy, entry))
}

const disabled: Fallback = { action: 'deny', workflows: [] }

function verdictsIn(print: RulePrint, policy: KnownPolicy, entry: KnownEntry): readonly Fallback[] {
  if (print.rule === null) {
    const verdict = entry.otherwise ?? policy.unmatched
    return [entry.enabled ? verdict : disabled]
  }
  const rules = entry.rules.filter(rule => sameRule(print, rule))
  if (!entry.enabled) return rules.map(() => disabled)
  if (print.reason !== 'condition_error') return rules
  return rules.map(() => entry.onError ?? policy.onError)
}

function sameEntry({ entry: then, exact }: RulePrint, now: KnownEntry): boolean {
  if (!exact || then === null) return true
  return (
    then.kind === now.kind &&
    then.match === now.match &&
    then.server === now.server &&
    then.notServer === now.notServer
  )
}

function sameRule({ rule, source, exact }: RulePrint, now: KnownRule): boolean {
  return rule === now.name && (!exact || source === now.source)
}
