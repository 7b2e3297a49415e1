import type { SelectQueryBuilder } from 'kysely'
import { searchable } from '../ledger/row.ts'
import type { Database } from '../store/database.ts'

/** The words one can search usage by, and the columns that hold them. */
export const usageColumns = {
  call: 'call',
  namespace: 'namespace',
  agent: 'agent',
  apiKey: 'api_key',
  user: 'user_name',
  session: 'session',
  flow: 'flow',
  kind: 'kind',
  provider: 'provider',
  model: 'model',
  requestedModel: 'requested_model',
  server: 'server',
  tool: 'tool',
  status: 'status',
  costSource: 'cost_source',
  usageSource: 'usage_source',
} as const

export type UsageWord = keyof typeof usageColumns

/** Which calls are counted; each word narrows. */
export interface UsageFilter {
  readonly words: { readonly [Word in UsageWord]?: string }
  /** Milliseconds since 1970, included. */
  readonly since?: number
  /** Milliseconds since 1970, not included. */
  readonly until?: number
}

/** Keeps the calls that fit every word and the time. */
export function narrowedUsage<O>(
  query: SelectQueryBuilder<Database, 'usage', O>,
  { words, since, until }: UsageFilter,
): SelectQueryBuilder<Database, 'usage', O> {
  let narrow = query
  for (const [word, value] of Object.entries(words)) {
    narrow = narrow.where(usageColumns[word as UsageWord], '=', searchable(value))
  }
  if (since !== undefined) narrow = narrow.where('time', '>=', new Date(since))
  if (until !== undefined) narrow = narrow.where('time', '<', new Date(until))
  return narrow
}
