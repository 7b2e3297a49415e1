import type { GithubShapes } from './github-shapes.ts'
import type {
  Account,
  App,
  Comment,
  Commit,
  GithubState,
  Issue,
  Pull,
  Push,
  Repository,
  Review,
} from './github-state.ts'
import { fullName } from './github-state.ts'

/** A webhook as GitHub would send it. */
export interface Delivery {
  /** GUID. */
  readonly id: string
  readonly event: 'push' | 'pull_request' | 'issue_comment' | 'ping'
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what is told as it is
  readonly payload: any
}

/** How a pull request begins. */
export interface Opening {
  readonly by: Account
  readonly title?: string
  readonly body?: string
  readonly branch: string
  readonly sha: string
  readonly base?: string
  readonly baseSha: string
  /** Fork that has the branch; the repository itself when omitted. */
  readonly from?: Repository
  readonly draft?: boolean
  /** The commits; one by the opener when omitted. */
  readonly commits?: readonly Commit[]
}

/** What people do at GitHub. Each tells webhooks of it. */
export type GithubVerbs = ReturnType<typeof githubVerbs>

export function githubVerbs(
  state: GithubState,
  shapes: GithubShapes,
  tell: (event: Delivery['event'], payload: object) => void,
) {
  const tips = new Map<string, string>()
  const about = (repo: Repository, sender: Account) => ({
    repository: shapes.repository(repo),
    sender: shapes.user(sender),
  })
  const tellPull = (action: string, issue: Issue, by: Account, some: object = {}) =>
    tell('pull_request', {
      ...{ action, number: issue.number, pull_request: shapes.pull(issue, issue.pull as Pull) },
      ...some,
      ...about(issue.repository, by),
    })
  const tellComment = (action: string, comment: Comment, by: Account, some: object = {}) => {
    // What only the API shows.
    const { minimized: _, ...shown } = shapes.comment(comment)
    tell('issue_comment', {
      ...{ action, issue: shapes.issue(comment.issue), comment: shown },
      ...some,
      ...about(comment.issue.repository, by),
    })
  }
  const commentOf = (id: number) => {
    const comment = state.comments.find(one => one.id === id)
    if (comment === undefined) throw new Error(`there is no comment ${id}`)
    return comment
  }
  const pullOf = (issue: Issue) => {
    if (issue.pull === null) throw new Error(`#${issue.number} is no pull request`)
    return issue.pull
  }
  const begin = (repo: Repository, by: Account, title: string, body: string, pull: Pull | null) => {
    const issue: Issue = {
      ...{ id: state.nextId(), repository: repo, author: by, title, body, state: 'open', pull },
      number: nextNumber(state, repo),
      ...{ locked: false, createdAt: state.now(), updatedAt: state.now(), closedAt: null },
    }
    state.issues.push(issue)
    return issue
  }
  const pushed = (
    repo: Repository,
    by: Account,
    branch: string,
    after: string,
    type?: Push['type'],
  ) => {
    const key = `${repo.id}:${branch}`
    const before = tips.get(key) ?? zeros
    tips.set(key, after)
    state.pushes.push({
      ...{ id: state.nextId(), repository: repo, by, ref: `refs/heads/${branch}`, before, after },
      ...{ at: state.now(), type: type ?? (before === zeros ? 'branch_creation' : 'push') },
    })
    const { repository, sender } = about(repo, by)
    // A push alone tells times as seconds.
    const seconds = Date.parse(String(repository.created_at)) / 1000
    tell('push', {
      ...{
        ref: `refs/heads/${branch}`,
        before,
        after,
        base_ref: null,
        forced: type === 'force_push',
      },
      ...{ created: before === zeros, deleted: false, commits: [], head_commit: null },
      compare: `https://github.com/${fullName(repo)}/compare`,
      pusher: { name: by.login, email: by.email },
      ...{ sender, repository: { ...repository, created_at: seconds, pushed_at: seconds } },
    })
  }
  return {
    /** The commit that a branch is at, as the pushes say. */
    branchTip: (repo: Repository, branch: string) => tips.get(`${repo.id}:${branch}`) ?? null,
    /** A branch is moved by a push. */
    push: pushed,
    /** A pull request is opened; its branch is pushed first. */
    open(repo: Repository, opening: Opening): Issue {
      const { by, branch, sha, base = repo.defaultBranch, baseSha, from = repo } = opening
      if (tips.get(`${from.id}:${branch}`) !== sha) pushed(from, by, branch, sha)
      const pull: Pull = {
        ...{ id: state.nextId(), headBranch: branch, headSha: sha },
        ...{ headOwner: from.owner, headRepository: from },
        ...{ baseBranch: base, baseSha, draft: opening.draft ?? false, reviews: [] },
        commits: [...(opening.commits ?? [commitBy(by, sha)])],
        ...{ mergeSha: null, mergedBy: null, mergedAt: null },
      }
      const issue = begin(repo, by, opening.title ?? 'A change', opening.body ?? '', pull)
      tellPull('opened', issue, by)
      return issue
    },
    /** An issue is opened. */
    ask: (repo: Repository, by: Account, title = 'A question') => begin(repo, by, title, '', null),
    /** More commits are pushed to the branch of a pull request. */
    update(
      issue: Issue,
      by: Account,
      sha: string,
      commits: readonly Commit[] = [commitBy(by, sha)],
    ) {
      const pull = pullOf(issue)
      const before = pull.headSha
      if (pull.headRepository !== null) pushed(pull.headRepository, by, pull.headBranch, sha)
      pull.headSha = sha
      pull.commits.push(...commits)
      issue.updatedAt = state.now()
      tellPull('synchronize', issue, by, { before, after: sha })
    },
    /** A pull request is merged; `sha` is the commit that this makes on its base. */
    merge(issue: Issue, by: Account, sha: string) {
      const pull = pullOf(issue)
      Object.assign(pull, { mergeSha: sha, mergedBy: by, mergedAt: state.now() })
      Object.assign(issue, { state: 'closed', closedAt: state.now(), updatedAt: state.now() })
      pushed(issue.repository, by, pull.baseBranch, sha, 'pr_merge')
      tellPull('closed', issue, by)
    },
    close(issue: Issue, by: Account) {
      Object.assign(issue, { state: 'closed', closedAt: state.now(), updatedAt: state.now() })
      if (issue.pull !== null) tellPull('closed', issue, by)
    },
    reopen(issue: Issue, by: Account) {
      Object.assign(issue, { state: 'open', closedAt: null, updatedAt: state.now() })
      if (issue.pull !== null) tellPull('reopened', issue, by)
    },
    lock: (issue: Issue) => {
      issue.locked = true
    },
    /** A review is submitted, about the head as it is. */
    review(issue: Issue, by: Account, verdict: Review['state']) {
      const { reviews, headSha: sha } = pullOf(issue)
      reviews.push({ id: state.nextId(), by, state: verdict, sha, at: state.now() })
    },
    /** A comment is written. */
    write(issue: Issue, by: Account, body: string, viaApp: App | null = null): Comment {
      const comment: Comment = {
        ...{ id: state.nextId(), issue, author: by, body, viaApp, minimised: null },
        ...{ createdAt: state.now(), updatedAt: state.now(), lastEditedAt: null },
      }
      state.comments.push(comment)
      issue.updatedAt = state.now()
      tellComment('created', comment, by)
      return comment
    },
    /** A comment is edited, by its author or by somebody who may. */
    edit(id: number, by: Account, body: string) {
      const comment = commentOf(id)
      const changes = { body: { from: comment.body } }
      Object.assign(comment, { body, updatedAt: state.now(), lastEditedAt: state.now() })
      tellComment('edited', comment, by, { changes })
    },
    /** A comment is hidden. Nobody is told. */
    minimise: (id: number, reason = 'off-topic') => {
      commentOf(id).minimised = reason
    },
    /** A comment is deleted. */
    remove(id: number, by: Account) {
      const comment = commentOf(id)
      state.comments.splice(state.comments.indexOf(comment), 1)
      tellComment('deleted', comment, by)
    },
    /** An account is deleted: what it wrote is nobody's. */
    deleteAccount(account: Account) {
      state.accounts.splice(state.accounts.indexOf(account), 1)
      for (const comment of state.comments) if (comment.author === account) comment.author = null
    },
    /** A repository is called something else; the old name leads to it. */
    rename(repo: Repository, name: string) {
      state.formerNames.set(fullName(repo), repo)
      repo.name = name
    },
    /** An issue goes to another repository, with its comments. */
    transfer: (issue: Issue, to: Repository) => {
      issue.repository = to
    },
    deleteFork(issue: Issue) {
      pullOf(issue).headRepository = null
    },
    ping: (repo: Repository, by: Account) =>
      tell('ping', { zen: 'Keep it logically awesome.', hook_id: 1, ...about(repo, by) }),
  }
}

const zeros = '0'.repeat(40)

/** The number of the next issue or pull request of a repository. */
export function nextNumber({ issues }: GithubState, repo: Repository): number {
  return issues.filter(({ repository }) => repository === repo).length + 1
}

/** A commit that an account wrote. */
export function commitBy(account: Account, sha: string, some: Partial<Commit> = {}): Commit {
  return {
    ...{ sha, message: 'Change policies', author: account, authorEmail: account.email },
    ...{ committer: account, committerEmail: account.email },
    ...some,
  }
}
