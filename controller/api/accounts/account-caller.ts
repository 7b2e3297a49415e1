import type { Account } from '../../../schemas/account.ts'
import type { Accounts } from '../../accounts/accounts.ts'
import type { Sessions, SignedIn } from '../../accounts/sessions.ts'
import type { Person } from '../person.ts'

/** Somebody who is signed in. */
export interface AccountCaller {
  readonly role: 'account'
  readonly account: Account
  readonly signedIn: SignedIn
  /** Whom policies in force know by this account. */
  readonly person: Person
}

export interface AccountCallerNeeds {
  readonly accounts: Pick<Accounts, 'get'>
  readonly sessions: Pick<Sessions, 'of'>
  readonly personOf: (account: Account) => Person
}

/** Who is signed in by a secret, or null. */
export type AccountOf = (secret: string) => Promise<AccountCaller | null>

/** Looks secrets of sessions up, each time anew: whoever is signed out or disabled is it at once. */
export function accountCallers({ accounts, sessions, personOf }: AccountCallerNeeds): AccountOf {
  return async secret => {
    if (!/^writ_(ses|at)_[\w-]{43}$/.test(secret)) return null
    const signedIn = await sessions.of(secret)
    const account = signedIn && (await accounts.get(signedIn.account))
    if (!account) return null
    return { role: 'account', account, signedIn, person: personOf(account) }
  }
}
