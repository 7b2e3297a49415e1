import type { Fallback } from '../../../schemas/rule-table.ts'
import type { RequestRow } from '../transition.ts'
import type { InForce } from './in-force.ts'
import type { KnownTable } from './known-table.ts'
import { type RulePrint, verdictsOf } from './rule-print.ts'

/** Why a request, or its approval, no longer stands. Codes are the contract. */
export type VoidReason =
  | 'key_revoked'
  | 'rule_removed'
  | 'rule_denies'
  | 'workflows_changed'
  | 'schema_changed'
  | 'call_changed'
  | 'decider_left'
  | 'grant_ended'
  | 'unused'

/** Why a request no longer stands by what is in force now (milliseconds since 1970), or null when it does. */
export function voidReason(
  row: Pick<RequestRow, 'agent' | 'key_sha256' | 'rule_print' | 'workflows'>,
  { table, directory }: InForce,
  now: number,
): VoidReason | null {
  if (table === null || !holdsKey(table, row.agent, row.key_sha256, now)) return 'key_revoked'
  const print: RulePrint | null = row.rule_print === null ? null : JSON.parse(row.rule_print)
  if (print !== null) {
    const verdicts = verdictsOf(print, table)
    if (verdicts.length === 0) return 'rule_removed'
    if (verdicts.every(({ action }) => action === 'deny')) return 'rule_denies'
    if (!verdicts.some(verdict => asksNoMoreThan(verdict, row.workflows))) {
      return 'workflows_changed'
    }
  }
  const known = new Set(['', ...(directory?.workflows ?? []).map(({ name }) => name)])
  return row.workflows.every(name => known.has(name)) ? null : 'workflows_changed'
}

/** A rule that names nobody asks the owners. */
function asksNoMoreThan({ action, workflows }: Fallback, asked: readonly string[]): boolean {
  if (action === 'allow') return true
  const names = workflows.length === 0 ? [''] : workflows
  return action === 'require_approval' && names.every(name => asked.includes(name))
}

function holdsKey(table: KnownTable, agent: string, sha256: string, now: number): boolean {
  return table.agents.some(
    ({ name, apiKeys }) =>
      name === agent &&
      apiKeys.some(
        key =>
          key.sha256 === sha256 && (key.expires === undefined || Date.parse(key.expires) > now),
      ),
  )
}
