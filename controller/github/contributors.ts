import type { Octokit, RestEndpointMethodTypes as Rest } from '@octokit/rest'
import type { Contributors, ForgeAccount } from '../forge/forge.ts'
import type { GithubPlace } from './github-place.ts'
import { accountOf, type GithubUser } from './github-values.ts'

type Pull = Rest['pulls']['get']['response']['data']
type Commit = Rest['pulls']['listCommits']['response']['data'][number]

/** GitHub lists no more commits of a pull request than these. */
const listedCommits = 250

/** Everybody who had a hand in a change. */
export async function contributorsOf(
  octokit: Octokit,
  place: GithubPlace,
  number: number,
): Promise<Contributors> {
  const asked = { ...place, pull_number: number }
  const { data: pull } = await octokit.rest.pulls.get(asked)
  const listing = { ...asked, per_page: 100 }
  const commits = await octokit.paginate(octokit.rest.pulls.listCommits, listing)
  const pushers = await pushersOf(octokit, pull)
  const hands = commits.flatMap(handsIn)
  const accounts = hands.filter(hand => typeof hand !== 'string')
  const all = [accountOf(pull.user), ...(pushers ?? []), ...accounts]
  return {
    accounts: all.filter(({ id }, at) => all.findIndex(other => other.id === id) === at),
    strangers: [...new Set(hands.filter(hand => typeof hand === 'string'))],
    complete: pull.commits <= listedCommits && commits.length === pull.commits,
    pushersKnown: pushers !== null,
  }
}

/** Who wrote and who made a commit: accounts, and mail addresses without one. */
function handsIn({ author, committer, commit }: Commit): readonly (ForgeAccount | string)[] {
  return [
    handOf(author, commit.author?.email),
    handOf(committer, commit.committer?.email),
    ...coAuthors(commit.message),
  ]
}

/** An account that cannot be found comes as null or as an empty object. */
function handOf(user: Commit['author'], email: string | undefined): ForgeAccount | string {
  return user !== null && isUser(user) ? accountOf(user) : (email ?? '')
}

function isUser(user: object): user is GithubUser {
  return 'id' in user
}

/** Those whom the message names; an address of the form `id+login@users.noreply…` names an account. */
function coAuthors(message: string): readonly (ForgeAccount | string)[] {
  const lines = message.matchAll(/^co-authored-by:[^<\n]*<([^>\n]{1,320})>\s*$/gim)
  return [...lines].map(([, email = '']) => {
    const [, id, login = ''] = /^([0-9]{1,15})\+([^@]+)@users\.noreply\./.exec(email) ?? []
    return id === undefined ? email : { id: Number(id), login, type: 'unknown' }
  })
}

/** Who moved the branch of a change, as far back as one answer tells; null when it does not tell of the head. */
async function pushersOf(octokit: Octokit, pull: Pull): Promise<readonly ForgeAccount[] | null> {
  const home = pull.head.repo as Pull['head']['repo'] | null
  if (home === null) return null
  const place = { owner: home.owner.login, repo: home.name }
  const asked = { ...place, ref: `refs/heads/${pull.head.ref}`, per_page: 100 }
  const answer = await octokit.rest.repos.listActivities(asked).catch(ifHidden)
  if (answer?.data.some(({ after }) => after === pull.head.sha) !== true) return null
  return answer.data.map(({ actor }) => accountOf(actor))
}

function ifHidden(error: unknown): null {
  const status = error instanceof Error && 'status' in error ? error.status : 0
  if (status === 403 || status === 404) return null
  throw error
}
