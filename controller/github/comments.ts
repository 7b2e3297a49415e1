import type { Octokit } from '@octokit/rest'
import type { ForgeComment } from '../forge/forge.ts'
import { shaped } from './answer-shape.ts'
import { graphqlRefusal } from './github-failure.ts'
import { type GithubPlace, repositoryAt } from './github-place.ts'
import { commentOf } from './github-values.ts'

/** What only this way of asking tells: whether it is hidden, whether it was ever edited, and where it is now. */
const look = `query ($id: ID!) {
  node(id: $id) {
    ... on IssueComment { isMinimized lastEditedAt repository { databaseId } }
  }
}`

/** The comment as it is now; null when it is gone. */
export async function freshComment(
  octokit: Octokit,
  place: GithubPlace,
  id: number,
): Promise<ForgeComment | null> {
  const answer = await octokit.rest.issues.getComment({ ...place, comment_id: id }).catch(ifGone)
  if (answer === null) return null
  const found = await octokit.graphql(look, { id: answer.data.node_id }).catch(ifGone)
  if (found === null) return null
  const { node } = shaped.look(found)
  const comment = commentOf(answer.data, node.repository.databaseId)
  return { ...comment, minimised: node.isMinimized, updatedAt: updated(comment, node.lastEditedAt) }
}

/** An edit within the second in which the comment was written shows in no time: it is told a millisecond later. */
function updated({ createdAt, updatedAt }: ForgeComment, lastEditedAt: string | null): string {
  const unseen = lastEditedAt !== null && updatedAt === createdAt
  return unseen ? new Date(Date.parse(createdAt) + 1).toISOString() : updatedAt
}

function ifGone(error: unknown): null {
  if (graphqlRefusal(error) === 'NOT_FOUND') return null
  if (error instanceof Error && 'status' in error && (error.status === 404 || error.status === 410))
    return null
  throw error
}

/** Comments of the repository that were written or edited since, oldest first; the first 1,000. */
export async function commentsAfter(
  octokit: Octokit,
  place: GithubPlace,
  time: Date,
): Promise<readonly ForgeComment[]> {
  const repository = await repositoryAt(octokit, place)
  const since = `${time.toISOString().slice(0, 19)}Z`
  const pages = octokit.paginate.iterator(octokit.rest.issues.listCommentsForRepo, {
    ...place,
    ...{ since, sort: 'updated', direction: 'asc', per_page: 100 },
  })
  const found: ForgeComment[] = []
  for await (const { data } of pages) {
    found.push(...data.map(comment => commentOf(comment, repository.id)))
    if (found.length >= 1000) break
  }
  return found
}

/** Writes a comment. */
export async function writeComment(
  octokit: Octokit,
  place: GithubPlace,
  thread: number,
  body: string,
): Promise<ForgeComment> {
  const repository = await repositoryAt(octokit, place)
  const asked = { ...place, issue_number: thread, body: cutBody(body) }
  return commentOf((await octokit.rest.issues.createComment(asked)).data, repository.id)
}

/** GitHub takes 65,536 characters. */
const mostCharacters = 65_000

/** Text that GitHub takes as a comment: what is too long ends with a word about it. */
export function cutBody(text: string): string {
  if (text.length <= mostCharacters) return text
  const kept = text.slice(0, mostCharacters).replace(/[\uD800-\uDBFF]$/, '')
  return `${kept}\n\n… cut here: GitHub takes no more.`
}
