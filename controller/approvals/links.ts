import { createHash, randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { ApprovalRequest } from '../../schemas/approval.ts'
import type { Database } from '../store/database.ts'

/** By whom and for what a link is; its token is known to nobody but the person. */
export interface Link {
  readonly request: string
  readonly user: string
  /** Through which it was sent. */
  readonly channel: string
  /** When it decided; null while it has not. */
  readonly usedAt: Date | null
}

export interface LinkNeeds {
  readonly db: Kysely<Database>
  readonly now: () => number
}

/** Makes a link by which one person decides one request, once, and returns its token. Only the hash is kept. */
export async function mintLink(
  { db, now }: LinkNeeds,
  link: { readonly request: ApprovalRequest; readonly user: string; readonly channel: string },
): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  await db
    .insertInto('approval_links')
    .values({
      token_sha256: sha256(token),
      request_id: link.request.id,
      user_name: link.user,
      channel: link.channel,
      created_at: new Date(now()),
      used_at: null,
    })
    .execute()
  return token
}

/** Tokens look like this; nothing else is looked for. */
const shape = /^[A-Za-z0-9_-]{43}$/

/** The link of a token, or null for one that was never given out. */
export async function readLink(db: Kysely<Database>, token: string): Promise<Link | null> {
  if (!shape.test(token)) return null
  const row = await db
    .selectFrom('approval_links')
    .selectAll()
    .where('token_sha256', '=', sha256(token))
    .executeTakeFirst()
  return row === undefined
    ? null
    : {
        request: row.request_id,
        user: row.user_name,
        channel: row.channel,
        usedAt: row.used_at,
      }
}

/** Notes that a link has decided; it never opens again. */
export async function markUsed({ db, now }: LinkNeeds, token: string): Promise<void> {
  await db
    .updateTable('approval_links')
    .set({ used_at: new Date(now()) })
    .where('token_sha256', '=', sha256(token))
    .where('used_at', 'is', null)
    .execute()
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
