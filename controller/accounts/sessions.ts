import { createHmac } from 'node:crypto'
import type { Kysely } from 'kysely'
import { newId } from '../approvals/request-id.ts'
import type { AccountSessionRow } from '../store/account-tables.ts'
import type { Database } from '../store/database.ts'
import { hashOf, newSecret, type SecretKind } from './secret.ts'

export interface SessionsNeeds {
  readonly db: Kysely<Database>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** From where somebody signs in. */
export interface From {
  readonly address: string
  readonly userAgent: string
}

/** What a secret opens. */
export interface SignedIn {
  readonly session: string
  readonly account: string
  readonly kind: 'browser' | 'access'
}

/** A session as its owner sees it. */
export interface SessionView {
  readonly id: string
  readonly kind: AccountSessionRow['kind']
  readonly createdAt: string
  readonly seenAt: string
  readonly address: string
  readonly userAgent: string
}

/** What a program signs in with, and gets the next one with. */
export interface ProgramTokens {
  readonly accessToken: string
  /** Seconds. */
  readonly expiresIn: number
  readonly refreshToken: string
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** A browser that nobody uses is signed out after the first, any other after the second. */
const idleMs = 12 * hour
const life = { browser: 30 * day, access: hour, refresh: 30 * day } as const

/** How often it is written down that somebody is still there. */
const seenEveryMs = 5 * minute

const longestUserAgent = 256

/** Who is signed in, by secrets of which only hashes are kept. */
export class Sessions {
  readonly #needs: SessionsNeeds

  constructor(needs: SessionsNeeds) {
    this.#needs = needs
  }

  /** Signs a browser in; returns the secret for its cookie. */
  async open(account: string, from: From): Promise<string> {
    return this.#add(account, newId('ses'), 'browser', from)
  }

  /** Signs a program in. */
  async openForProgram(account: string, from: From): Promise<ProgramTokens> {
    return this.#programTokens(account, newId('ses'), from)
  }

  /**
   * The next tokens for a program, for a refresh token that was not used before. One that is used twice was stolen from
   * somebody: everything of its session ends, and nobody gets anything.
   */
  async refresh(refreshToken: string, from: From): Promise<ProgramTokens | null> {
    const row = await this.#live(refreshToken, 'refresh')
    if (row === null) return null
    const { db, now } = this.#needs
    const used = await db
      .updateTable('account_sessions')
      .set({ used_at: new Date(now()) })
      .where('sha256', '=', row.sha256)
      .where('used_at', 'is', null)
      .returning('id')
      .executeTakeFirst()
    if (used === undefined) {
      await this.end(row.account, row.id)
      return null
    }
    return this.#programTokens(row.account, row.id, from)
  }

  /** What the secret opens, or null when it opens nothing (any more). */
  async of(secret: string): Promise<SignedIn | null> {
    const kind = secret.startsWith('writ_at_') ? 'access' : 'browser'
    const row = await this.#live(secret, kind)
    if (row === null) return null
    const at = this.#needs.now()
    if (at - row.seen_at.getTime() > seenEveryMs) await this.#seen(row.sha256, at)
    return { session: row.id, account: row.account, kind }
  }

  /** Ends a session of an account. */
  async end(account: string, id: string): Promise<void> {
    const { db } = this.#needs
    await db
      .deleteFrom('account_sessions')
      .where('account', '=', account)
      .where('id', '=', id)
      .execute()
  }

  /** Ends all sessions of an account but one. */
  async endAll(account: string, but?: string): Promise<void> {
    const all = this.#needs.db.deleteFrom('account_sessions').where('account', '=', account)
    await (but === undefined ? all : all.where('id', '!=', but)).execute()
  }

  /** Sessions of an account that are good, newest first. */
  async list(account: string): Promise<readonly SessionView[]> {
    const { db, now } = this.#needs
    const rows = await db
      .selectFrom('account_sessions')
      .selectAll()
      .where('account', '=', account)
      .where('expires_at', '>', new Date(now()))
      .where('kind', '!=', 'access')
      .where('used_at', 'is', null)
      .orderBy('seen_at', 'desc')
      .limit(100)
      .execute()
    return rows.map(row => ({
      id: row.id,
      kind: row.kind,
      createdAt: row.created_at.toISOString(),
      seenAt: row.seen_at.toISOString(),
      address: row.address,
      userAgent: row.user_agent,
    }))
  }

  /** Forgets what has expired. */
  async forget(): Promise<void> {
    const { db, now } = this.#needs
    await db.deleteFrom('account_sessions').where('expires_at', '<', new Date(now())).execute()
  }

  async #programTokens(account: string, id: string, from: From): Promise<ProgramTokens> {
    const accessToken = await this.#add(account, id, 'access', from)
    const refreshToken = await this.#add(account, id, 'refresh', from)
    return { accessToken, expiresIn: life.access / 1000, refreshToken }
  }

  async #add(
    account: string,
    id: string,
    kind: AccountSessionRow['kind'],
    { address, userAgent }: From,
  ): Promise<string> {
    const secret = newSecret(prefixes[kind])
    const at = this.#needs.now()
    const row: AccountSessionRow = {
      ...{ sha256: hashOf(secret), id, account, kind, address, used_at: null },
      user_agent: userAgent.slice(0, longestUserAgent).toWellFormed().replaceAll('\0', ''),
      created_at: new Date(at),
      seen_at: new Date(at),
      expires_at: new Date(at + life[kind]),
    }
    await this.#needs.db.insertInto('account_sessions').values(row).execute()
    return secret
  }

  async #live(secret: string, kind: AccountSessionRow['kind']): Promise<AccountSessionRow | null> {
    const { db, now } = this.#needs
    const at = now()
    const row = await db
      .selectFrom('account_sessions')
      .innerJoin('accounts', 'accounts.id', 'account_sessions.account')
      .selectAll('account_sessions')
      .where('sha256', '=', hashOf(secret))
      .where('kind', '=', kind)
      .where('expires_at', '>', new Date(at))
      .where('accounts.disabled_at', 'is', null)
      .executeTakeFirst()
    if (row === undefined) return null
    const idle = kind === 'browser' && at - row.seen_at.getTime() > idleMs
    return idle ? null : row
  }

  async #seen(sha256: string, at: number): Promise<void> {
    await this.#needs.db
      .updateTable('account_sessions')
      .set({ seen_at: new Date(at) })
      .where('sha256', '=', sha256)
      .execute()
  }
}

const prefixes: { readonly [Kind in AccountSessionRow['kind']]: SecretKind } = {
  browser: 'ses',
  access: 'at',
  refresh: 'rt',
}

/** What a page has to show with everything that it changes: bound to the secret of its cookie, which it cannot read. */
export function csrfTokenOf(secret: string): string {
  return createHmac('sha256', secret).update('writ.csrf.v1').digest('base64url')
}
