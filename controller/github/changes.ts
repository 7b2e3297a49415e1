import type { Octokit, RestEndpointMethodTypes as Rest } from '@octokit/rest'
import { ForgeFailure } from '../forge/failure.ts'
import type { ChangeRequest, MergedChange, Proposed } from '../forge/forge.ts'
import type { GithubPlace } from './github-place.ts'
import { accountOf, changeOf } from './github-values.ts'

/** Open changes for a branch, the one that was touched last first; at most 300. */
export async function openChangesFor(
  octokit: Octokit,
  place: GithubPlace,
  branch: string,
): Promise<readonly ChangeRequest[]> {
  const found: ChangeRequest[] = []
  const pages = octokit.paginate.iterator(octokit.rest.pulls.list, {
    ...place,
    ...{ state: 'open', base: branch, sort: 'updated', direction: 'desc', per_page: 100 },
  })
  for await (const { data } of pages) {
    found.push(...data.map(changeOf))
    if (found.length >= 300) break
  }
  return found
}

/** The change with the number. */
export async function changeNumber(
  { rest }: Octokit,
  place: GithubPlace,
  number: number,
): Promise<ChangeRequest> {
  return changeOf((await rest.pulls.get({ ...place, pull_number: number })).data)
}

/** The merged change whose merge made the commit; a change that merely has it among its commits did not. */
export async function changeThatMade(
  octokit: Octokit,
  place: GithubPlace,
  commit: string,
): Promise<MergedChange | null> {
  const asked = { ...place, commit_sha: commit, per_page: 100 }
  const { data } = await octokit.rest.repos.listPullRequestsAssociatedWithCommit(asked)
  const made = data.find(pull => pull.merged_at !== null && pull.merge_commit_sha === commit)
  if (made === undefined) return null
  const change = await changeNumber(octokit, place, made.number)
  if (change.state !== 'merged' || change.mergeSha !== commit) return null
  return { ...change, state: 'merged', approvals: await approvalsOf(octokit, place, made.number) }
}

type Review = Rest['pulls']['listReviews']['response']['data'][number]

async function approvalsOf(octokit: Octokit, place: GithubPlace, number: number) {
  const listing = { ...place, pull_number: number, per_page: 100 }
  const reviews: Review[] = await octokit.paginate(octokit.rest.pulls.listReviews, listing)
  // Remarks leave a verdict as it was.
  const verdicts = reviews.filter(({ user, state }) => user !== null && state !== 'COMMENTED')
  const last = new Map(verdicts.map(review => [review.user?.id, review]))
  return [...last.values()]
    .filter(({ state }) => state === 'APPROVED')
    .map(({ user, commit_id }) => ({ by: accountOf(user), headSha: commit_id ?? '' }))
}

/** Opens the change, or returns the open one of the same head and base. */
export async function proposedChange(
  octokit: Octokit,
  place: GithubPlace,
  proposed: Proposed,
): Promise<ChangeRequest> {
  const { base, head } = proposed
  const asked = { ...place, state: 'open', base, head: `${place.owner}:${head}` } as const
  const [open] = (await octokit.rest.pulls.list(asked)).data
  if (open !== undefined) return changeOf(open)
  if (head === base) throw new ForgeFailure('refused', 'a branch cannot be merged into itself')
  return changeOf((await octokit.rest.pulls.create({ ...place, ...proposed })).data)
}
