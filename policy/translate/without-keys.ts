import type { Directory } from '../../schemas/directory.ts'
import type { RuleTable } from '../../schemas/rule-table.ts'
import type { ExportDifference } from './export-difference.ts'

/** A table and its directory without the hashes of keys. */
export function withoutKeys(
  table: RuleTable,
  directory: Directory | null,
): { readonly table: RuleTable; readonly directory: Directory | null } {
  const agents = table.agents.map(agent => ({ ...agent, apiKeys: [] }))
  const users = (directory?.users ?? []).map(({ name, spec: { apiKeys: _, ...spec } }) => ({
    name,
    spec,
  }))
  return { table: { ...table, agents }, directory: directory && { ...directory, users } }
}

/** Says that keys were left out. */
export const keysLeftOut: ExportDifference = {
  code: 'keys',
  effect: 'stricter',
  message: 'Hashes of keys are left out: they are for owners.',
}
