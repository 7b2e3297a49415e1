import type { Accounts } from '../accounts/accounts.ts'
import type { Sessions } from '../accounts/sessions.ts'
import type { Approvals } from '../approvals/approvals.ts'
import type { Releases } from '../publish/releases.ts'
import { accountCallers } from './accounts/account-caller.ts'
import { agentKeys } from './agent-keys.ts'
import { attemptLimit } from './attempt-limit.ts'
import { recordedAttempts } from './attempts.ts'
import { authenticator, type Tokens } from './authenticate.ts'
import type { AdmitNeeds } from './guard.ts'
import { knownPeople } from './person.ts'
import type { ReviewPodToken } from './pod-token.ts'

export interface AccessNeeds {
  readonly tokens: Tokens
  /** The User whom the admin token stands for. */
  readonly operator?: string | undefined
  /** Knows tokens of pods; without it no pod is let in. */
  readonly podOf?: ReviewPodToken | undefined
  readonly accounts: Pick<Accounts, 'get'>
  readonly sessions: Pick<Sessions, 'of'>
  readonly releases: Releases
  readonly approvals: Pick<Approvals, 'attempted'>
  readonly now: () => number
  readonly log: { error(fields: object, message: string): void }
}

/** Who may call the API, by what is in force, and what becomes of those who may not. */
export function apiAccess(needs: AccessNeeds): AdmitNeeds {
  const { tokens, operator, podOf, releases, approvals, now, log } = needs
  const { directories } = releases
  const people = knownPeople({ directories, operator, now })
  const accountOf = accountCallers({ ...needs, personOf: people.byAccount })
  return {
    authenticate: authenticator({
      ...{ tokens, people, accountOf, podOf },
      agentOf: agentKeys(releases),
    }),
    attempts: recordedAttempts({
      limit: attemptLimit(now),
      attempted: (request, detail, actor) => approvals.attempted(request, detail, actor),
      log,
    }),
  }
}
