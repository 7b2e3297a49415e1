import { type SelectQueryBuilder, sql } from 'kysely'
import type { Database } from '../store/database.ts'
import { searchable } from './row.ts'

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
} as const

export type SearchWord = keyof typeof searchColumns

/** What a list of entries shows. */
export interface Filter {
  readonly words: { readonly [Word in SearchWord]?: string }
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

/** Keeps the entries that fit every word and the time. */
export function narrowed<O>(query: Query<O>, { words, since, until }: Filter): Query<O> {
  let narrow = query
  for (const [word, value] of Object.entries(words)) {
    narrow = narrow.where(searchColumns[word as SearchWord], '=', searchable(value))
  }
  if (since !== undefined) narrow = narrow.where('time', '>=', new Date(since))
  if (until !== undefined) narrow = narrow.where('time', '<', new Date(until))
  return narrow
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
