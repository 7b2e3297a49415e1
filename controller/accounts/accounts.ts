import { type Kysely, sql, type Transaction } from 'kysely'
import type { Account, AccountRole } from '../../schemas/account.ts'
import { newId } from '../approvals/request-id.ts'
import type { AccountRow } from '../store/account-tables.ts'
import type { Database } from '../store/database.ts'
import { AccountFailure } from './failure.ts'
import { checkPassword, hashPassword, isPassword } from './password.ts'

export interface AccountsNeeds {
  readonly db: Kysely<Database>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** An account that is to be. */
export interface NewAccount {
  readonly username: string
  readonly displayName: string
  readonly role: AccountRole
  /** The User whom it stands for by the word of the installation; policies name all others. */
  readonly user: string | null
  /** A password, or who it is at the provider that it signs in with. */
  readonly by: { readonly password: string } | { readonly issuer: string; readonly subject: string }
}

/** What can be changed about an account; what is omitted stays. */
export interface AccountChange {
  readonly displayName?: string
  readonly role?: AccountRole
  readonly disabled?: boolean
}

type Db = Kysely<Database> | Transaction<Database>

/** Taken while accounts are made or lose power, so that one owner is always left. */
const accountsLock = 0x77726161

/** Hashes that are computed at once; each takes 19 MiB and a thread for some 50 ms. */
const mostAtOnce = 4
const mostWaiting = 32

/** Compared with when there is no such account, so that the time of an answer tells nothing. */
const nobodysPassword = hashPassword('the password of nobody at all')

/** Who signs in. */
export class Accounts {
  readonly #needs: AccountsNeeds
  #hashing = 0
  readonly #waiting: (() => void)[] = []

  constructor(needs: AccountsNeeds) {
    this.#needs = needs
  }

  /** Whether nobody has an account yet. */
  async areNone(): Promise<boolean> {
    const query = this.#needs.db.selectFrom('accounts').select('id').limit(1)
    return (await query.executeTakeFirst()) === undefined
  }

  /** All of them, by name. */
  async list(): Promise<readonly Account[]> {
    const query = this.#needs.db.selectFrom('accounts').selectAll().orderBy('username')
    return (await query.execute()).map(accountOf)
  }

  async get(id: string): Promise<Account | null> {
    const query = this.#needs.db.selectFrom('accounts').selectAll().where('id', '=', id)
    const row = await query.executeTakeFirst()
    return row === undefined ? null : accountOf(row)
  }

  /** The account with this name and password that can sign in, or null. Rejects with `busy` when too many ask at once. */
  async withPassword(username: string, password: string): Promise<Account | null> {
    const row = await this.#named(canonical(username))
    const hash = row?.password ?? (await nobodysPassword)
    const fits = await this.#inTurn(() => isPassword(hash, password))
    const known = row !== undefined && row.password !== null && row.disabled_at === null
    return fits && known ? accountOf(row) : null
  }

  async #named(username: string): Promise<AccountRow | undefined> {
    if (!isUsername(username)) return undefined
    const query = this.#needs.db.selectFrom('accounts').selectAll()
    return query.where('username', '=', username).executeTakeFirst()
  }

  /** The account that somebody has who signs in elsewhere, or null. */
  async withSubject(issuer: string, subject: string): Promise<Account | null> {
    const query = this.#needs.db.selectFrom('accounts').selectAll()
    const row = await query
      .where('issuer', '=', issuer)
      .where('subject', '=', subject)
      .where('disabled_at', 'is', null)
      .executeTakeFirst()
    return row === undefined ? null : accountOf(row)
  }

  /** Makes an account, or rejects with an AccountFailure. */
  async make(wanted: NewAccount, madeBy: string): Promise<Account> {
    return this.keep(await this.draft(wanted, madeBy))
  }

  /** An account that is not kept yet: hashing takes longer than a transaction should. Rejects with an AccountFailure. */
  async draft(wanted: NewAccount, madeBy: string): Promise<AccountRow> {
    const username = canonical(wanted.username)
    if (!isUsername(username)) {
      throw new AccountFailure(
        'username_unusable',
        'a name has 1 to 64 letters, digits and . _ @ + -, and begins with a letter or a digit',
      )
    }
    return {
      id: newId('acc'),
      username,
      display_name: wanted.displayName,
      role: wanted.role,
      user_name: wanted.user,
      ...(await this.#credentials(wanted.by, username)),
      created_at: new Date(this.#needs.now()),
      created_by: madeBy,
      disabled_at: null,
    }
  }

  /** Keeps a draft, in the transaction when there is one. Rejects with `username_taken`. */
  async keep(draft: AccountRow, db: Db = this.#needs.db): Promise<Account> {
    const made = db
      .insertInto('accounts')
      .values(draft)
      .onConflict(taken => taken.doNothing())
    if ((await made.returning('id').executeTakeFirst()) !== undefined) return accountOf(draft)
    throw new AccountFailure('username_taken', 'that name is taken')
  }

  /** The hash of a new password for an account. Rejects with an AccountFailure. */
  async hashFor(username: string, password: string): Promise<string> {
    checkPassword(password, username)
    return this.#inTurn(() => hashPassword(password))
  }

  /** Gives an account the password with this hash; what is signed in with the old one is for the caller to end. */
  async setPassword(id: string, hash: string, db: Db = this.#needs.db): Promise<Account> {
    const row = await db
      .updateTable('accounts')
      .set({ password: hash, issuer: null, subject: null })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst()
    if (row === undefined) throw unknownAccount()
    return accountOf(row)
  }

  /** Changes an account. Rejects with `last_owner` when nobody would be left who may do everything. */
  async change(id: string, change: AccountChange): Promise<Account> {
    const { db, now } = this.#needs
    return db.transaction().execute(async db => {
      await sql`select pg_advisory_xact_lock(${accountsLock})`.execute(db)
      const { displayName, role, disabled } = change
      const row = await db
        .updateTable('accounts')
        .set({
          ...(displayName !== undefined && { display_name: displayName }),
          ...(role !== undefined && { role }),
          ...(disabled !== undefined && { disabled_at: disabled ? new Date(now()) : null }),
        })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst()
      if (row === undefined) throw unknownAccount()
      await expectOwner(db)
      return accountOf(row)
    })
  }

  async #credentials(by: NewAccount['by'], username: string) {
    if ('issuer' in by) return { password: null, issuer: by.issuer, subject: by.subject }
    return { password: await this.hashFor(username, by.password), issuer: null, subject: null }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#hashing >= mostAtOnce) {
      if (this.#waiting.length >= mostWaiting) {
        throw new AccountFailure('busy', 'too many sign in at once; try again in a moment')
      }
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    } else this.#hashing += 1
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#hashing -= 1
      else next()
    }
  }
}

async function expectOwner(db: Transaction<Database>): Promise<void> {
  const owners = db.selectFrom('accounts').select('id').where('role', '=', 'owner')
  const left = await owners.where('disabled_at', 'is', null).limit(1).executeTakeFirst()
  if (left !== undefined) return
  throw new AccountFailure('last_owner', 'nobody would be left who is owner; make another first')
}

function unknownAccount(): AccountFailure {
  return new AccountFailure('unknown_account', 'there is no such account')
}

function isUsername(text: string): boolean {
  return /^[a-z0-9][a-z0-9._@+-]{0,63}$/.test(text)
}

function canonical(username: string): string {
  return username.normalize('NFKC').toLowerCase()
}

function accountOf(row: AccountRow): Account {
  return {
    id: row.id,
    username: row.username,
    displayName: row.display_name,
    role: row.role,
    ...(row.user_name !== null && { user: row.user_name }),
    signsInBy: row.password === null ? 'oidc' : 'password',
    createdAt: row.created_at.toISOString(),
    ...(row.disabled_at !== null && { disabledAt: row.disabled_at.toISOString() }),
  }
}
