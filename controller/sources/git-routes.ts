import type { Directory } from '../../schemas/directory.ts'
import type { Route } from '../api/route.ts'
import type { Secrets } from '../channels/secrets.ts'
import { gitWebhookRoute } from '../git/webhook-route.ts'
import type { OpenGithub } from '../github/open-github.ts'
import type { Policies } from '../reconcile/local-policies.ts'
import { wokenByAll, wokenSources } from './open-git.ts'

export interface GitRoutesNeeds {
  readonly policies: Pick<Policies, 'git' | 'sources'>
  readonly directories: { all(): readonly Directory[] }
  readonly github: Pick<OpenGithub, 'tellAll'>
  readonly secrets?: Secrets | undefined
  readonly now: () => number
  readonly log: { warn(fields: object, message: string): void }
}

/** What forges call when something was pushed to a repository that policies come from; nothing where they come from none. */
export function gitRoutes(needs: GitRoutesNeeds): readonly Route[] {
  const { policies, directories, github, secrets = async () => null, now, log } = needs
  const { git, sources } = policies
  if (git !== undefined) {
    return [gitWebhookRoute({ sources: () => wokenSources(git, secrets), now, log })]
  }
  if (sources === undefined) return []
  const { tellAll } = github
  const woken = () => wokenByAll(directories.all(), { secrets, tellAll })
  return [gitWebhookRoute({ sources: woken, now, log })]
}
