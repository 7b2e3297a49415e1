import type { UsageRow } from '../store/budget-rows.ts'
import { type NewRow, searchable } from './row.ts'

/** Outcomes of calls that were sent, or may have been. */
const forwarded: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled', 'unknown'])

/** What an entry holds besides the columns of its row, of whatever form. */
export type Entry = Readonly<Record<string, unknown>>

/** The entry of a row, as JSON that nobody has looked at; empty when it is none. */
export function entryOf({ entry }: Pick<NewRow, 'entry'>): Entry {
  const value: unknown = JSON.parse(entry)
  return isObject(value) ? value : {}
}

/** What a forwarded call of a model or a tool used, or null for any other entry; `flow` is for others to say. */
export function usageOf(row: NewRow, entry: Entry): UsageRow | null {
  const { kind, status = null } = row
  if (row.phase !== 'outcome' || status === null || !forwarded.has(status)) return null
  if (kind !== 'model' && kind !== 'tool') return null
  return {
    ...{ proxy: row.proxy, seq: row.seq, call: row.call, time: new Date(row.time), kind, status },
    ...{ namespace: row.namespace, flow: null, duration_ms: row.duration_ms ?? null },
    ...callerOf(row),
    ...{ model: row.model ?? null, server: row.server ?? null, tool: row.tool ?? null },
    ...{ provider: searchable(entry.provider), endpoint: searchable(entry.endpoint) },
    ...{ requested_model: searchable(entry.requestedModel) },
    ...{ upstream_status: searchable(entry.upstreamStatus) },
    stream: typeof entry.stream === 'boolean' ? entry.stream : null,
    ...tokensOf(entry.usage),
    ...{ cost_micro_usd: count(entry.costMicroUsd), cost_source: searchable(entry.costSource) },
    usage_source: searchable(entry.usageSource),
  }
}

function callerOf({ agent = null, api_key = null, user_name = null, session = null }: NewRow) {
  return { agent, api_key, user_name, session }
}

function tokensOf(usage: unknown) {
  const tokens = isObject(usage) ? usage : {}
  return {
    input_tokens: count(tokens.inputTokens),
    output_tokens: count(tokens.outputTokens),
    cache_read_tokens: count(tokens.cacheReadTokens),
    cache_write_tokens: count(tokens.cacheWriteTokens),
    reasoning_tokens: count(tokens.reasoningTokens),
  }
}

/** A whole number from 0, or null. */
export function count(value: unknown): number | null {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : null
}

function isObject(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
