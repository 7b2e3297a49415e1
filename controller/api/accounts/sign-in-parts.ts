import type { Kysely } from 'kysely'
import { Accounts } from '../../accounts/accounts.ts'
import { Links } from '../../accounts/links.ts'
import { Sessions } from '../../accounts/sessions.ts'
import type { Database } from '../../store/database.ts'
import { attemptLimit } from '../attempt-limit.ts'
import type { Route } from '../route.ts'
import { accountRoutes } from './account-routes.ts'
import { joinRoutes } from './join-routes.ts'
import { ownRoutes } from './own-routes.ts'
import { signInRoutes } from './sign-in-routes.ts'

export interface SignInNeeds {
  readonly db: Kysely<Database>
  /** The User whom the admin token and the first account stand for. */
  readonly operator?: string | undefined
  /** Where people reach the controller. */
  readonly publicUrl?: URL | undefined
  readonly now: () => number
  readonly log: { info(fields: object, message: string): void }
}

/** Who signs in, and the routes by which they do. */
export interface SignInParts {
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly routes: readonly Route[]
}

/** Opens the door for people. */
export function openSignIn({ db, operator, publicUrl, now, log }: SignInNeeds): SignInParts {
  const accounts = new Accounts({ db, now })
  const sessions = new Sessions({ db, now })
  const links = new Links({ db, accounts, now })
  const needs = {
    ...{ accounts, sessions, links, operator },
    limit: attemptLimit(now),
    secure: publicUrl?.protocol === 'https:',
    noted: (what: object) => log.info(what, 'sign in'),
  }
  const routes = [
    ...signInRoutes(needs),
    ...joinRoutes(needs),
    ...accountRoutes(needs),
    ...ownRoutes(needs),
  ]
  return { accounts, sessions, routes }
}
