import { type Kysely, sql, type Transaction } from 'kysely'
import type { Account, AccountRole } from '../../schemas/account.ts'
import type { AccountLinkRow } from '../store/account-tables.ts'
import type { Database } from '../store/database.ts'
import type { Accounts } from './accounts.ts'
import { AccountFailure } from './failure.ts'
import { hashOf, newSecret } from './secret.ts'

export interface LinksNeeds {
  readonly db: Kysely<Database>
  readonly accounts: Accounts
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** What a link is for. */
export type LinkPurpose =
  /** The first account of all, an owner; good while there is none. */
  | { readonly for: 'first'; readonly user: string | null }
  | { readonly for: 'invitation'; readonly role: AccountRole }
  | { readonly for: 'password'; readonly account: string }

/** What whoever opens a link is asked to fill in. */
export interface LinkView {
  readonly for: LinkPurpose['for']
  readonly role: AccountRole
  /** Whose password it sets. */
  readonly username: string | null
  readonly expiresAt: string
}

/** What somebody fills in. */
export interface Filled {
  /** Of the account that is made; of no use where a password is set. */
  readonly username: string
  readonly displayName: string
  readonly password: string
}

const lifeMs = { first: 3_600_000, invitation: 7 * 86_400_000, password: 3_600_000 } as const

/** What is kept once the link is used up. */
type Keep = (db: Transaction<Database>) => Promise<Account>

/** Taken while the first account is made: of two who open the link at once one is first. */
const firstLock = 0x77726166

/** Links by which accounts begin. Each is good for one account, once. */
export class Links {
  readonly #needs: LinksNeeds

  constructor(needs: LinksNeeds) {
    this.#needs = needs
  }

  /** Makes a link; what is returned is its secret, which is kept nowhere. A new first link replaces the one before. */
  async make(purpose: LinkPurpose, madeBy: string): Promise<string> {
    const { db, now } = this.#needs
    const secret = newSecret('lnk')
    const at = now()
    const row: AccountLinkRow = {
      sha256: hashOf(secret),
      ...(await this.#target(purpose)),
      first: purpose.for === 'first',
      created_at: new Date(at),
      created_by: madeBy,
      expires_at: new Date(at + lifeMs[purpose.for]),
    }
    if (row.first) await db.deleteFrom('account_links').where('first', '=', true).execute()
    await db.insertInto('account_links').values(row).execute()
    return secret
  }

  /** What a link is for, or null when it is good for nothing. */
  async look(secret: string): Promise<LinkView | null> {
    const row = await this.#row(secret)
    if (row === null) return null
    const account = row.account === null ? null : await this.#needs.accounts.get(row.account)
    return {
      for: row.first ? 'first' : row.account === null ? 'invitation' : 'password',
      role: row.role,
      username: account?.username ?? null,
      expiresAt: row.expires_at.toISOString(),
    }
  }

  /** Uses a link up. Rejects with an AccountFailure; a link whose use failed for what was filled in is still good. */
  async use(secret: string, filled: Filled): Promise<Account> {
    const row = await this.#row(secret)
    if (row === null) throw unusable()
    const keep =
      row.account === null
        ? await this.#making(row, filled)
        : await this.#setting(row.account, filled)
    return this.#needs.db.transaction().execute(async db => {
      await sql`select pg_advisory_xact_lock(${firstLock})`.execute(db)
      const taken = db.deleteFrom('account_links').where('sha256', '=', row.sha256)
      if ((await taken.returning('sha256').executeTakeFirst()) === undefined) throw unusable()
      return keep(db)
    })
  }

  async #making(row: AccountLinkRow, { username, displayName, password }: Filled): Promise<Keep> {
    const { accounts } = this.#needs
    const { role, user_name: user } = row
    const wanted = { username, displayName, role, user, by: { password } }
    const draft = await accounts.draft(wanted, row.created_by)
    return async db => {
      const any = await db.selectFrom('accounts').select('id').limit(1).executeTakeFirst()
      if (row.first && any !== undefined) throw unusable()
      return accounts.keep(draft, db)
    }
  }

  async #setting(id: string, { password }: Filled): Promise<Keep> {
    const { accounts } = this.#needs
    const account = await accounts.get(id)
    if (account === null) throw unusable()
    const hash = await accounts.hashFor(account.username, password)
    return db => accounts.setPassword(id, hash, db)
  }

  async #target(purpose: LinkPurpose) {
    switch (purpose.for) {
      case 'first':
        return { account: null, role: 'owner' as const, user_name: purpose.user }
      case 'invitation':
        return { account: null, role: purpose.role, user_name: null }
      case 'password': {
        const account = await this.#needs.accounts.get(purpose.account)
        if (account === null)
          throw new AccountFailure('unknown_account', 'there is no such account')
        return { account: account.id, role: account.role, user_name: account.user ?? null }
      }
    }
  }

  async #row(secret: string): Promise<AccountLinkRow | null> {
    const { db, now, accounts } = this.#needs
    const row = await db
      .selectFrom('account_links')
      .selectAll()
      .where('sha256', '=', hashOf(secret))
      .where('expires_at', '>', new Date(now()))
      .executeTakeFirst()
    if (row === undefined || (row.first && !(await accounts.areNone()))) return null
    return row
  }
}

function unusable(): AccountFailure {
  return new AccountFailure('link_unusable', 'this link was used, has expired, or never was')
}
