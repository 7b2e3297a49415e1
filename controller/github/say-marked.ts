import type { Octokit } from '@octokit/rest'
import { ForgeFailure } from '../forge/failure.ts'
import type { SaidComment, Saying } from '../forge/forge.ts'
import { cutBody } from './comments.ts'
import { type GithubPlace, repositoryAt } from './github-place.ts'
import { commentOf } from './github-values.ts'

interface Said extends Saying {
  readonly thread: number
  /** Number of the account that speaks: anybody can write the marker. */
  readonly author: number
}

/** Writes the comment, or edits the one that the account wrote under the marker. */
export async function sayMarked(
  octokit: Octokit,
  place: GithubPlace,
  said: Said,
): Promise<SaidComment> {
  const repository = await repositoryAt(octokit, place)
  const { comment, replaced } = await written(octokit, place, said)
  return { ...commentOf(comment, repository.id), replaced }
}

async function written(octokit: Octokit, place: GithubPlace, said: Said) {
  const { rest } = octokit
  // Readers do not see the line.
  const line = `<!-- ${said.marker} -->`
  const body = `${line}\n${cutBody(said.body)}`
  const found = await markedComment(octokit, place, said, line)
  if (found?.body === body) return { comment: found, replaced: null }
  if (found !== null) {
    const { data } = await rest.issues.updateComment({ ...place, comment_id: found.id, body })
    return { comment: data, replaced: found.body ?? '' }
  }
  const asked = { ...place, issue_number: said.thread, body }
  return { comment: (await rest.issues.createComment(asked)).data, replaced: null }
}

const mostPages = 30

async function markedComment(
  octokit: Octokit,
  place: GithubPlace,
  { thread, author }: Said,
  line: string,
) {
  const asked = { ...place, issue_number: thread, per_page: 100 }
  let pages = 0
  for await (const { data } of octokit.paginate.iterator(octokit.rest.issues.listComments, asked)) {
    const found = data.find(({ user, body = '' }) => user?.id === author && body.startsWith(line))
    if (found !== undefined) return found
    pages += 1
    if (pages === mostPages) throw new ForgeFailure('refused', 'the thread has too many comments')
  }
  return null
}
