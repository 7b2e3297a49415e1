import type { Kysely } from 'kysely'
import type { AccountRole } from '../../schemas/account.ts'

/** Makes what people sign in with. */
export async function accountTables(db: Kysely<unknown>): Promise<void> {
  await createAccounts(db)
  await createSessions(db)
  await createLinks(db)
}

async function createAccounts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('accounts')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('username', 'text', column => column.notNull().unique())
    .addColumn('display_name', 'text', column => column.notNull())
    .addColumn('role', 'text', column => column.notNull())
    .addColumn('user_name', 'text')
    .addColumn('password', 'text')
    .addColumn('issuer', 'text')
    .addColumn('subject', 'text')
    .addColumn('created_at', 'timestamptz', column => column.notNull())
    .addColumn('created_by', 'text', column => column.notNull())
    .addColumn('disabled_at', 'timestamptz')
    .addUniqueConstraint('accounts_subject', ['issuer', 'subject'])
    .execute()
}

async function createSessions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('account_sessions')
    .addColumn('sha256', 'text', column => column.primaryKey())
    .addColumn('id', 'text', column => column.notNull())
    .addColumn('account', 'text', column => column.notNull().references('accounts.id'))
    .addColumn('kind', 'text', column => column.notNull())
    .addColumn('created_at', 'timestamptz', column => column.notNull())
    .addColumn('seen_at', 'timestamptz', column => column.notNull())
    .addColumn('expires_at', 'timestamptz', column => column.notNull())
    .addColumn('address', 'text', column => column.notNull())
    .addColumn('user_agent', 'text', column => column.notNull())
    .addColumn('used_at', 'timestamptz')
    .execute()
  await db.schema
    .createIndex('account_sessions_account')
    .on('account_sessions')
    .columns(['account', 'id'])
    .execute()
}

async function createLinks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('account_links')
    .addColumn('sha256', 'text', column => column.primaryKey())
    .addColumn('account', 'text', column => column.references('accounts.id'))
    .addColumn('role', 'text', column => column.notNull())
    .addColumn('user_name', 'text')
    .addColumn('first', 'boolean', column => column.notNull())
    .addColumn('created_at', 'timestamptz', column => column.notNull())
    .addColumn('created_by', 'text', column => column.notNull())
    .addColumn('expires_at', 'timestamptz', column => column.notNull())
    .execute()
}

/** Somebody who signs in. */
export interface AccountRow {
  readonly id: string
  /** Lower case. */
  readonly username: string
  readonly display_name: string
  readonly role: AccountRole
  /** The User whom it stands for by the word of the installation; policies name all others. */
  readonly user_name: string | null
  /** A PHC string; null for one that signs in elsewhere. */
  readonly password: string | null
  /** Where it signs in instead, and who it is there. */
  readonly issuer: string | null
  readonly subject: string | null
  readonly created_at: Date
  readonly created_by: string
  readonly disabled_at: Date | null
}

/** What a secret that somebody was given opens; the secret itself is nowhere. */
export interface AccountSessionRow {
  /** Of the secret, hex. */
  readonly sha256: string
  /** Shared by the secrets that follow one another. */
  readonly id: string
  readonly account: string
  /** A cookie of a browser, a token of a program, or what a program gets its next token with. */
  readonly kind: 'browser' | 'access' | 'refresh'
  readonly created_at: Date
  readonly seen_at: Date
  readonly expires_at: Date
  readonly address: string
  readonly user_agent: string
  /** When a next token was got with it; it is good for one. */
  readonly used_at: Date | null
}

/** A link that makes one account, or gives one a new password. */
export interface AccountLinkRow {
  readonly sha256: string
  /** Whose password it sets; null for one that makes an account. */
  readonly account: string | null
  readonly role: AccountRole
  readonly user_name: string | null
  /** Good only while there is no account. */
  readonly first: boolean
  readonly created_at: Date
  readonly created_by: string
  readonly expires_at: Date
}

/** The tables of those who sign in. */
export interface AccountTables {
  readonly accounts: AccountRow
  readonly account_sessions: AccountSessionRow
  readonly account_links: AccountLinkRow
}
