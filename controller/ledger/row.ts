import { hash } from 'node:crypto'
import type { Insertable } from 'kysely'
import type { RecordRow } from '../store/record-rows.ts'
import { wordsOf } from './words.ts'

/** A row of the ledger as it is written. */
export type NewRow = Insertable<RecordRow>

/** Longest text in a column that is searched; the entry itself is kept whole. */
const mostCharacters = 512

/** Times that every store can hold; a clock that is further off is as good as any other wrong one. */
const earliest = Date.parse('0001-01-02T00:00:00.000Z')
const latest = Date.parse('9999-12-30T00:00:00.000Z')

/**
 * A line of a journal as a row, or null when it lacks what every entry has. Anything else in it is kept
 * as it is: evidence is not refused for its form.
 */
export function rowOf(line: string): NewRow | null {
  const entry = parse(line)
  if (entry === null) return null
  const { proxy, seq, time, phase, call, namespace, kind, action, reason } = entry
  const words = { phase, call, namespace, kind, action, reason }
  const texts = Object.entries(words).map(([name, value]) => [name, searchable(value)] as const)
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN
  if (texts.some(([, value]) => value === null || value === '')) return null
  if (!isProxyId(proxy) || !isNumber(seq) || Number.isNaN(at)) return null
  return {
    ...(Object.fromEntries(texts) as { readonly [Name in keyof typeof words]: string }),
    ...optional(entry),
    proxy,
    seq,
    time: new Date(Math.min(Math.max(at, earliest), latest)),
    entry: line,
    entry_digest: hash('sha256', line, 'hex'),
  }
}

/** Text as a column can hold it: PostgreSQL knows neither NUL nor half of a surrogate pair. Null unless it is text. */
export function searchable(value: unknown): string | null {
  if (typeof value !== 'string') return null
  return value.slice(0, mostCharacters).toWellFormed().replaceAll('\0', '\uFFFD')
}

type Entry = Readonly<Record<string, unknown>>

function optional(entry: Entry) {
  return {
    agent: searchable(entry.agent),
    api_key: searchable(entry.apiKey),
    user_name: searchable(entry.user),
    session: searchable(entry.session),
    server: searchable(entry.server),
    tool: searchable(entry.tool),
    model: searchable(entry.model),
    uri: searchable(entry.uri),
    prompt: searchable(entry.prompt),
    policy: searchable(entry.policy),
    rule: searchable(entry.rule),
    commit_id: searchable(entry.commit),
    table_digest: searchable(entry.table),
    approval: searchable(entry.approval),
    status: searchable(entry.status),
    cost_micro_usd: Number.isSafeInteger(entry.costMicroUsd) ? Number(entry.costMicroUsd) : null,
    duration_ms: Number.isFinite(entry.durationMs) ? Number(entry.durationMs) : null,
    error: searchable(entry.error),
    provider: searchable(entry.provider),
    requested_model: searchable(entry.requestedModel),
    upstream_status: searchable(entry.upstreamStatus),
    endpoint: searchable(entry.endpoint),
    trace: searchable(entry.trace),
    client_call_id: searchable(entry.clientCallId),
    words: wordsOf(textsOf(entry)),
  }
}

/** What people look for by its words. An outcome repeats what its attempt says, and adds what went wrong. */
function textsOf({ phase, args, message, justification, error }: Entry): readonly unknown[] {
  return phase === 'outcome' ? [error] : [args, message, justification, error]
}

function parse(line: string): Entry | null {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Entry) : null
  } catch {
    return null
  }
}

function isProxyId(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.-]{1,128}$/.test(value)
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1
}
