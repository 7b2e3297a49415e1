import type { Record as Entry } from '../../schemas/record.ts'

/** The columns of a table of entries, by the names that entries have for them. */
const columns = [
  ...(['time', 'proxy', 'seq', 'phase', 'call', 'namespace', 'agent', 'apiKey', 'user'] as const),
  ...(['session', 'kind', 'server', 'tool', 'model', 'uri', 'prompt', 'action', 'reason'] as const),
  ...(['policy', 'rule', 'commit', 'table', 'approval', 'status', 'provider'] as const),
  ...(['requestedModel', 'endpoint', 'upstreamStatus', 'durationMs', 'costMicroUsd'] as const),
  ...(['error', 'message', 'justification', 'trace', 'clientCallId', 'args'] as const),
] as const satisfies readonly (keyof Entry)[]

/** The first line of `csvOf`. */
export const csvHead = `${columns.join(',')}\r\n`

/**
 * Entries as lines of CSV (RFC 4180), without the first. What a spreadsheet would take for a formula begins with an
 * apostrophe, by which it is text: agents choose what entries say.
 */
export function csvOf(entries: readonly Partial<Entry>[]): string {
  return entries.map(entry => `${columns.map(name => field(entry[name])).join(',')}\r\n`).join('')
}

function field(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const safe = isFormula(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Spreadsheets look past what is not shown, and take full-width signs for signs. */
function isFormula(text: string): boolean {
  return /^[\s\p{C}]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n\0]/u.test(text)
}
