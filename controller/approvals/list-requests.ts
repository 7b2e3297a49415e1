import { type Kysely, type RawBuilder, type SelectQueryBuilder, sql } from 'kysely'
import type { Directory } from '../../schemas/directory.ts'
import { searchable } from '../ledger/row.ts'
import type { Database } from '../store/database.ts'
import type { ApprovalFilter } from './approvals.ts'
import { panelsOf } from './panel.ts'
import { personOf } from './person.ts'
import { panelsFor, questionOf } from './present.ts'
import type { RequestRow } from './transition.ts'

/** A page of rows, newest first. */
interface RowPage {
  readonly rows: readonly RequestRow[]
  readonly next: string | null
}

export interface ListNeeds {
  readonly db: Kysely<Database>
  readonly directories: {
    of(namespace: string): Directory | null
    all(): readonly Directory[]
  }
}

/** Requests that the filter lets through, newest first: at most `limit`, and fewer when they are large. */
export async function listRequests(
  needs: ListNeeds,
  filter: ApprovalFilter,
  after: string | null,
  limit: number,
): Promise<RowPage> {
  const { decidableBy } = filter
  if (decidableBy === undefined) return page(needs, filter, after, limit)
  const found: RequestRow[] = []
  let next: string | null = after
  do {
    const part = await page(needs, filter, next, limit - found.length)
    found.push(...part.rows.filter(row => mayDecide(needs, row, decidableBy)))
    next = part.next
  } while (next !== null && found.length < limit)
  return { rows: found, next }
}

/** Separation of duties and escalations depend on the request, so the database alone cannot tell. */
function mayDecide(
  { directories }: ListNeeds,
  row: RequestRow,
  users: ReadonlyMap<string, string>,
): boolean {
  const user = users.get(row.namespace)
  const panels = panelsFor(directories.of(row.namespace), row, questionOf(row))
  return user !== undefined && panels.some(panel => panel.mayDecide.includes(user))
}

async function page(
  needs: ListNeeds,
  filter: ApprovalFilter,
  after: string | null,
  limit: number,
): Promise<RowPage> {
  const query = narrowed(needs, filter, after)
  const sizes = await query
    .select(['id', sql<number>`octet_length(question)`.as('size')])
    .orderBy('requested_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
  const ids = sizes.slice(0, howManyFit(sizes, limit)).map(({ id }) => id)
  const rows = ids.length === 0 ? [] : await byId(needs.db, ids)
  const last = rows.at(-1)
  return { rows, next: last && sizes.length > ids.length ? writeCursor(last) : null }
}

/** Agents choose how large their arguments are; a page stays near this many bytes. */
const pageBytes = 8 * 1024 * 1024

function howManyFit(sizes: readonly { readonly size: number }[], most: number): number {
  let room = pageBytes
  const over = sizes.findIndex(({ size }) => {
    room -= size
    return room < 0
  })
  return Math.min(most, over < 0 ? sizes.length : Math.max(1, over))
}

function byId(db: Kysely<Database>, ids: readonly string[]): Promise<RequestRow[]> {
  return db
    .selectFrom('approval_requests')
    .selectAll()
    .where('id', 'in', ids)
    .orderBy('requested_at', 'desc')
    .orderBy('id', 'desc')
    .execute()
}

type Requests = SelectQueryBuilder<Database, 'approval_requests', object>

function narrowed(needs: ListNeeds, filter: ApprovalFilter, after: string | null): Requests {
  const { namespaces, states, agent, tool, idPrefix, decidableBy } = filter
  let query: Requests = needs.db.selectFrom('approval_requests')
  if (namespaces !== undefined)
    query = query.where(sql<boolean>`namespace = any(${namespaces}::text[])`)
  if (idPrefix !== undefined) query = query.where(sql<boolean>`starts_with(id, ${idPrefix})`)
  if (agent !== undefined) query = query.where('agent', '=', searchable(agent) ?? '')
  if (tool !== undefined) query = query.where('tool', '=', searchable(tool) ?? '')
  if (states !== undefined) query = query.where('state', 'in', states)
  if (decidableBy !== undefined) query = query.where(perhapsFor(needs, decidableBy))
  const cursor = after === null ? null : readCursor(after)
  if (cursor === null) return query
  return query.where(
    sql<boolean>`(requested_at, id) < (${new Date(cursor.at)}::timestamptz, ${cursor.id}::text)`,
  )
}

/** Pending requests that ask a workflow in which the person has a say, and that wait for this person's answer. */
function perhapsFor(
  { directories }: ListNeeds,
  users: ReadonlyMap<string, string>,
): RawBuilder<boolean> {
  const asked = directories.all().flatMap(directory => {
    const user = users.get(directory.namespace)
    if (user === undefined) return []
    const names = ['', ...directory.workflows.map(({ name }) => name)]
    const mine = panelsOf(directory, names, { escalated: names })
      .filter(panel => panel.mayDecide.includes(user))
      .map(({ workflow }) => workflow)
    return mine.length === 0
      ? []
      : [
          sql<boolean>`(namespace = ${directory.namespace} and workflows && ${mine}::text[]
            and not exists (
              select from approval_votes
              where request_id = approval_requests.id and person = ${personOf(user)}
            ))`,
        ]
  })
  if (asked.length === 0) return sql<boolean>`false`
  return sql<boolean>`state = 'pending' and (${sql.join(asked, sql` or `)})`
}

interface Cursor {
  readonly at: number
  readonly id: string
}

function writeCursor({ requested_at, id }: RequestRow): string {
  return Buffer.from(JSON.stringify([requested_at.getTime(), id])).toString('base64url')
}

/** The cursor that `next` of a page is, or null for any other text. */
export function readCursor(text: string): Cursor | null {
  try {
    const [at, id] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    const sound = Number.isSafeInteger(at) && Math.abs(at) <= 8.64e15
    return sound && typeof id === 'string' ? { at, id: searchable(id) ?? '' } : null
  } catch {
    return null
  }
}
