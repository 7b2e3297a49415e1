import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely'
import type { Database } from '../store/database.ts'
import { errorTerm, recordTerms, termOf } from '../store/record-terms.ts'
import { searchable } from './row.ts'
import { wordQuery } from './words.ts'

/** The words one can search by, and the columns that hold them. */
export const searchColumns = {
  proxy: 'proxy',
  phase: 'phase',
  call: 'call',
  namespace: 'namespace',
  agent: 'agent',
  apiKey: 'api_key',
  user: 'user_name',
  session: 'session',
  kind: 'kind',
  server: 'server',
  tool: 'tool',
  model: 'model',
  uri: 'uri',
  prompt: 'prompt',
  action: 'action',
  reason: 'reason',
  policy: 'policy',
  rule: 'rule',
  commit: 'commit_id',
  table: 'table_digest',
  approval: 'approval',
  status: 'status',
  provider: 'provider',
  requestedModel: 'requested_model',
  upstreamStatus: 'upstream_status',
  endpoint: 'endpoint',
  trace: 'trace',
  clientCallId: 'client_call_id',
} as const

export type SearchWord = keyof typeof searchColumns

/** Numbers that are shown, both ends included. */
export interface Range {
  readonly min?: number
  readonly max?: number
}

/** What a list of entries shows. */
export interface Filter {
  readonly words: { readonly [Word in SearchWord]?: string }
  /** Words of the arguments, of what the caller was told or gave as a reason, or of what went wrong. */
  readonly text?: string
  /** Whether something went wrong. */
  readonly error?: boolean
  readonly costMicroUsd?: Range
  readonly durationMs?: Range
  /** Milliseconds since 1970, included. */
  readonly since?: number
  /** Milliseconds since 1970, not included. */
  readonly until?: number
  readonly order: 'newest' | 'oldest'
}

/** A place in a list: behind this entry. */
export interface Cursor {
  readonly time: number
  readonly proxy: string
  readonly seq: number
}

type Query<O> = SelectQueryBuilder<Database, 'records', O>

/** Keeps the entries that fit every part of the filter; a text without a word fits none. */
export function narrowed<O>(query: Query<O>, filter: Filter): Query<O> {
  const { terms, plain } = conditionsOf(filter)
  const narrow =
    terms.length === 0 ? query : query.where(sql<boolean>`${recordTerms} @> ${terms}::text[]`)
  return plain.reduce((narrow, condition) => narrow.where(condition), narrow)
}

/** Whether an entry at hand fits: cheaper to say than `narrowed`, and found by no index. */
export function fits(filter: Filter): RawBuilder<boolean> {
  const { terms: _, columns, plain } = conditionsOf(filter)
  return sql`(${sql.join([sql`true`, ...columns, ...plain], sql` and `)}) is true`
}

/** Whether entries have to fit in more than one way. */
export function isCombined(filter: Filter): boolean {
  const { terms, plain } = conditionsOf({ ...filter, since: undefined, until: undefined })
  return terms.length + plain.length > 1
}

/** What the index of terms knows, the same as conditions of columns, and all other conditions. */
function conditionsOf(filter: Loosely<Filter>) {
  const { words, text, error, since, until, costMicroUsd = {}, durationMs = {} } = filter
  const { terms, columns, plain } = wordsOf(words)
  if (error === true) {
    terms.push(errorTerm)
    columns.push(sql`error is not null`)
  }
  if (error === false) plain.push(sql`error is null`)
  if (text !== undefined) plain.push(sql`words @@ ${wordQuery(text)}::tsquery`)
  if (since !== undefined) plain.push(sql`time >= ${new Date(since)}::timestamptz`)
  if (until !== undefined) plain.push(sql`time < ${new Date(until)}::timestamptz`)
  plain.push(...within('cost_micro_usd', costMicroUsd), ...within('duration_ms', durationMs))
  return { terms, columns, plain }
}

type Loosely<T> = { readonly [K in keyof T]: T[K] | undefined } & Pick<T, 'words' & keyof T>

function wordsOf(words: Filter['words']) {
  const terms: string[] = []
  const columns: RawBuilder<boolean>[] = []
  const plain: RawBuilder<boolean>[] = []
  for (const [word, value] of Object.entries(words)) {
    const column = searchColumns[word as SearchWord]
    const text = searchable(value) ?? ''
    const equal = sql<boolean>`${sql.ref(column)} = ${text}`
    if (column === 'call' || column === 'approval') plain.push(equal)
    else {
      terms.push(termOf(column, text))
      columns.push(equal)
    }
  }
  return { terms, columns, plain }
}

function within(column: string, { min, max }: Range): readonly RawBuilder<boolean>[] {
  const from = sql<boolean>`${sql.ref(column)} >= ${min}`
  const to = sql<boolean>`${sql.ref(column)} <= ${max}`
  return [...(min === undefined ? [] : [from]), ...(max === undefined ? [] : [to])]
}

/** Puts entries in order and begins behind the cursor. */
export function paged<O>(query: Query<O>, order: Filter['order'], after: Cursor | null): Query<O> {
  const direction = order === 'newest' ? 'desc' : 'asc'
  const sorted = query
    .orderBy('time', direction)
    .orderBy('proxy', direction)
    .orderBy('seq', direction)
  if (after === null) return sorted
  const behind = order === 'newest' ? sql`<` : sql`>`
  return sorted.where(
    sql<boolean>`(time, proxy, seq) ${behind} (${new Date(after.time)}::timestamptz, ${after.proxy}::text, ${after.seq}::bigint)`,
  )
}

/** A cursor as text that callers hand back. */
export function writeCursor({ time, proxy, seq }: Cursor): string {
  return Buffer.from(JSON.stringify([time, proxy, seq])).toString('base64url')
}

/** The cursor that `writeCursor` wrote, or null for any other text. */
export function readCursor(text: string): Cursor | null {
  try {
    const [time, proxy, seq] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    const sound = Number.isSafeInteger(time) && Number.isSafeInteger(seq)
    if (!sound || typeof proxy !== 'string' || Math.abs(time) > 8.64e15) return null
    return { time, proxy: searchable(proxy) ?? '', seq }
  } catch {
    return null
  }
}
