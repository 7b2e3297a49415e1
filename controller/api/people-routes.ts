import type { Kysely } from 'kysely'
import type { Approvals } from '../approvals/approvals.ts'
import type { Directories } from '../publish/directories.ts'
import type { Database } from '../store/database.ts'
import { answerRoutes } from './approval-answer-routes.ts'
import { approvalRoutes } from './approval-routes.ts'
import type { Attempts } from './attempts.ts'
import { grantRoutes } from './grant-routes.ts'
import { ownersIn } from './is-owner.ts'
import { linkRoutes } from './link-routes.ts'
import type { Route } from './route.ts'
import { requestFinder } from './visible-request.ts'

export interface PeopleRoutesNeeds {
  readonly db: Kysely<Database>
  readonly approvals: Approvals
  readonly directories: Directories
  readonly attempts: Attempts
  readonly now: () => number
}

/** Where people see questions and answer them. */
export function peopleRoutes(needs: PeopleRoutesNeeds): readonly Route[] {
  const { db, approvals, directories, attempts, now } = needs
  const find = requestFinder({ approvals, attempts })
  const isOwner = ownersIn(directories)
  const namespaces = () => directories.all().map(({ namespace }) => namespace)
  return [
    ...approvalRoutes({ approvals, find, directories: () => directories.all() }),
    ...answerRoutes({ approvals, find, isOwner }),
    ...grantRoutes({ approvals, namespaces }),
    ...linkRoutes({ db, approvals, attempts, now }),
  ]
}
