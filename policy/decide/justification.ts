import { planFor } from './call-plan.ts'
import type { Facts } from './facts.ts'
import type { LoadedTable } from './load.ts'

/** Whether callers of this tool give a reason: the strictest word of the entries that speak. */
export function justificationFor(
  table: LoadedTable,
  facts: Facts,
): 'required' | 'optional' | 'off' {
  const { own, system } = planFor(table.plans, facts)
  const words = [...own, ...system].map(({ source }) => source.justification)
  if (words.includes('required')) return 'required'
  return words.includes('optional') ? 'optional' : 'off'
}

/** What policies say the tool does, instead of its server; undefined when none says anything. */
export function descriptionFor(table: LoadedTable, facts: Facts): string | undefined {
  const { own } = planFor(table.plans, facts)
  return own.map(({ source }) => source.description).find(text => text !== undefined)
}
