import type { RestEndpointMethodTypes as Rest } from '@octokit/rest'
import type { ChangeRequest, ForgeAccount, ForgeComment, Thread } from '../forge/forge.ts'
import { shaped } from './answer-shape.ts'

type Shown<K extends keyof Rest['issues']> = Rest['issues'][K]['response']['data']

/** An account as it comes with most things. */
export interface GithubUser {
  readonly id: number
  readonly login: string
  readonly type?: string | undefined
}

type GithubPull =
  | Rest['pulls']['get']['response']['data']
  | Rest['pulls']['list']['response']['data'][number]

/** An account of GitHub's; one that is gone is nobody's. */
export function accountOf(user: GithubUser | null | undefined): ForgeAccount {
  if (user == null) return { id: 0, login: 'ghost', type: 'unknown' }
  const { id, login, type = '' } = shaped.user(user)
  return { id, login, type: types.get(type) ?? 'unknown' }
}

const types: ReadonlyMap<string, ForgeAccount['type']> = new Map([
  ['User', 'user'],
  ['Bot', 'bot'],
  ['Organization', 'organization'],
])

/** A pull request of GitHub's. */
export function changeOf(pull: GithubPull): ChangeRequest {
  const merged = shaped.pull(pull).merged_at !== null
  const { merge_commit_sha: mergeSha } = pull
  return {
    number: pull.number,
    title: pull.title,
    url: pull.html_url,
    author: accountOf(pull.user),
    headSha: pull.head.sha,
    headBranch: pull.head.ref,
    // GitHub describes it as always there, and answers null once a fork is deleted.
    headRepositoryId: (pull.head.repo as { readonly id: number } | null)?.id ?? null,
    baseBranch: pull.base.ref,
    baseSha: pull.base.sha,
    draft: pull.draft ?? false,
    state: merged ? 'merged' : pull.state === 'open' ? 'open' : 'closed',
    // Before the merge it names a commit that was merged on trial.
    ...(merged && mergeSha !== null && { mergeSha }),
    ...(merged && 'merged_by' in pull && { mergedBy: accountOf(pull.merged_by) }),
    updatedAt: pull.updated_at,
  }
}

/** A comment of GitHub's, of the repository with the id. */
export function commentOf(comment: Shown<'getComment'>, repositoryId: number): ForgeComment {
  shaped.comment(comment)
  return {
    id: comment.id,
    thread: Number(comment.issue_url.split('/').at(-1)),
    repositoryId,
    author: accountOf(comment.user),
    viaApp: comment.performed_via_github_app ? (comment.performed_via_github_app.slug ?? '') : null,
    body: comment.body ?? '',
    createdAt: comment.created_at,
    updatedAt: comment.updated_at,
    minimised: null,
    url: comment.html_url,
  }
}

/** An issue of GitHub's, which a pull request is as well. */
export function threadOf(issue: Shown<'get'>): Thread {
  shaped.issue(issue)
  return {
    number: issue.number,
    kind: issue.pull_request === undefined ? 'issue' : 'pull',
    state: issue.state === 'open' ? 'open' : 'closed',
    author: accountOf(issue.user),
    locked: issue.locked,
  }
}
