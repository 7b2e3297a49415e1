import { type Kysely, type Selectable, sql } from 'kysely'
import { searchable } from '../ledger/row.ts'
import type { Database } from '../store/database.ts'
import type { UsageSessionRow } from '../store/usage-rows.ts'

/** Which sessions are shown; each word narrows. */
export interface SessionFilter {
  readonly namespace?: string
  readonly agent?: string
  readonly user?: string
  readonly session?: string
  /** Active at or after, in milliseconds since 1970. */
  readonly since?: number
  /** Last active before, in milliseconds since 1970. */
  readonly until?: number
}

/** A place in the list: behind this session. */
export interface SessionCursor {
  readonly time: number
  readonly key: string
}

export interface SessionPage {
  readonly sessions: readonly Selectable<UsageSessionRow>[]
  /** Null at the end. */
  readonly next: SessionCursor | null
}

const columns = {
  namespace: 'namespace',
  agent: 'agent',
  user: 'user_name',
  session: 'session',
} as const

/** At most `limit` sessions that the filter lets through, those that called last first, behind the cursor. */
export async function listSessions(
  db: Kysely<Database>,
  { since, until, ...words }: SessionFilter,
  after: SessionCursor | null,
  limit: number,
): Promise<SessionPage> {
  let query = db
    .selectFrom('usage_sessions')
    .selectAll()
    .orderBy('last_at', 'desc')
    .orderBy('key', 'desc')
    .limit(limit)
  for (const [word, value] of Object.entries(words)) {
    query = query.where(columns[word as keyof typeof columns], '=', searchable(value))
  }
  if (since !== undefined) query = query.where('last_at', '>=', new Date(since))
  if (until !== undefined) query = query.where('last_at', '<', new Date(until))
  if (after !== null) {
    query = query.where(
      sql<boolean>`(last_at, key) < (${new Date(after.time)}::timestamptz, ${after.key}::text)`,
    )
  }
  const sessions = await query.execute()
  const last = sessions.at(-1)
  const more = sessions.length === limit && last !== undefined
  return { sessions, next: more ? { time: last.last_at.getTime(), key: last.key } : null }
}
