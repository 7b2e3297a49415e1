import type { TableEntry, TablePolicy } from '../../schemas/rule-table.ts'

/** Text that is equal for parts of policies that say the same, wherever they were written. */
export function written(part: object): string {
  // In texts quotes are escaped, so that this is found in none.
  return JSON.stringify(part).replace(/"at":\[\d+,\d+(?:,\d+)?\],?/g, '')
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
