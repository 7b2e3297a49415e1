import type { TableEntry, TablePolicy } from '../../schemas/rule-table.ts'

/** Text that is equal for things that say the same, wherever they were written. */
export function written(value: unknown): string {
  return JSON.stringify(value, (key, part) => (key === 'at' ? undefined : part)) ?? ''
}

/** Text that is equal for entries that decide the same; what is only told to people is left out. */
export function entryText(entry: TableEntry): string {
  const { match, server, notServer, enabled, justification, rules, otherwise, onError } = entry
  const decisive = rules.map(({ when, action, workflows }) => [when, action, workflows])
  return written([match, server, notServer, enabled, justification, decisive, otherwise, onError])
}

/** The same for what a policy says besides its entries. */
export function headText(policy: TablePolicy): string {
  const { mode, system, subjects, unmatched, onError } = policy
  return written([mode, system, subjects, unmatched, onError])
}
