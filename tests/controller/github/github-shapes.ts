import type {
  Account,
  App,
  CheckRun,
  Comment,
  Commit,
  GithubState,
  Issue,
  Pull,
  Push,
  Repository,
  Review,
  Status,
} from './github-state.ts'
import { fullName } from './github-state.ts'

type Shape = Record<string, unknown>

const urlsOfUsers = [
  ...['followers', 'following', 'gists', 'starred', 'subscriptions', 'organizations', 'repos'],
  ...['events', 'received_events'],
]

const urlsOfRepositories = [
  ...['archive', 'assignees', 'blobs', 'branches', 'collaborators', 'comments', 'commits'],
  ...['compare', 'contents', 'contributors', 'deployments', 'downloads', 'events', 'forks'],
  ...['git_commits', 'git_refs', 'git_tags', 'hooks', 'issue_comment', 'issue_events', 'issues'],
  ...['keys', 'labels', 'languages', 'merges', 'milestones', 'notifications', 'pulls', 'releases'],
  ...['stargazers', 'statuses', 'subscribers', 'subscription', 'tags', 'teams', 'trees'],
]

/** Puts what GitHub keeps into the shapes that its REST API and its webhooks have. */
export function githubShapes(state: GithubState, web: string, api: string) {
  const node = (kind: string, id: number) => Buffer.from(`${kind}:${id}`).toString('base64url')
  const userUrl = (login: string) => `${api}/users/${encodeURIComponent(login)}`
  const user = ({ id, login, type }: Account): Shape => ({
    ...{ login, id, node_id: node('User', id), avatar_url: `${web}/avatars/${id}` },
    ...{ gravatar_id: '', url: userUrl(login), html_url: `${web}/${encodeURIComponent(login)}` },
    ...Object.fromEntries(urlsOfUsers.map(name => [`${name}_url`, `${userUrl(login)}/${name}`])),
    ...{ type, site_admin: false },
  })
  const publicUser = (account: Account): Shape => ({
    ...user(account),
    ...{ name: null, company: null, blog: '', location: null, email: null, hireable: null },
    ...{ bio: null, twitter_username: null, public_repos: 0, public_gists: 0, followers: 0 },
    ...{ following: 0, created_at: longAgo, updated_at: longAgo },
  })
  const app = ({ appId, slug, owner }: App): Shape => ({
    ...{ id: appId, slug, node_id: node('App', appId), owner: user(owner), name: slug },
    ...{ description: '', external_url: web, html_url: `${web}/apps/${slug}` },
    ...{ created_at: longAgo, updated_at: longAgo, events: ['pull_request', 'issue_comment'] },
    permissions: { checks: 'write', issues: 'write', metadata: 'read', contents: 'read' },
  })
  const repository = (repo: Repository): Shape => {
    const url = `${api}/repos/${fullName(repo)}`
    return {
      ...{ id: repo.id, node_id: node('Repository', repo.id), name: repo.name },
      ...{ full_name: fullName(repo), private: false, owner: user(repo.owner) },
      ...{ html_url: `${web}/${fullName(repo)}`, description: null, fork: repo.forkOf !== null },
      url,
      ...Object.fromEntries(urlsOfRepositories.map(name => [`${name}_url`, `${url}/${name}`])),
      ...{ created_at: longAgo, updated_at: longAgo, pushed_at: longAgo, homepage: null, size: 1 },
      ...{ git_url: `git://${fullName(repo)}.git`, ssh_url: `git@${fullName(repo)}.git` },
      ...{ clone_url: `${web}/${fullName(repo)}.git`, svn_url: `${web}/${fullName(repo)}` },
      ...{ stargazers_count: 0, watchers_count: 0, language: null, has_issues: true },
      ...{ has_projects: true, has_downloads: true, has_wiki: true, has_pages: false },
      ...{ forks_count: 0, mirror_url: null, archived: false },
      ...{ disabled: false, open_issues_count: 0, license: null },
      ...{ is_template: false, web_commit_signoff_required: false, topics: [] },
      ...{ visibility: 'public', forks: 0, open_issues: 0, watchers: 0 },
      default_branch: repo.defaultBranch,
    }
  }
  const fullRepository = (repo: Repository): Shape => ({
    ...repository(repo),
    ...{ network_count: 0, subscribers_count: 0, has_discussions: false },
    ...(repo.forkOf !== null && {
      parent: repository(repo.forkOf),
      source: repository(repo.forkOf),
    }),
  })
  const reactions = (url: string): Shape => ({
    ...{ url: `${url}/reactions`, total_count: 0, '+1': 0, '-1': 0, laugh: 0, hooray: 0 },
    ...{ confused: 0, heart: 0, rocket: 0, eyes: 0 },
  })
  const place = (issue: Issue) => {
    const repo = fullName(issue.repository)
    const { number } = issue
    return {
      repo: `${api}/repos/${repo}`,
      issue: `${api}/repos/${repo}/issues/${number}`,
      pull: `${api}/repos/${repo}/pulls/${number}`,
      html: `${web}/${repo}/${issue.pull === null ? 'issues' : 'pull'}/${number}`,
    }
  }
  const commentsOf = (issue: Issue) => state.comments.filter(one => one.issue === issue).length
  const issue = (one: Issue): Shape => {
    const at = place(one)
    return {
      ...{ url: at.issue, repository_url: at.repo, labels_url: `${at.issue}/labels{/name}` },
      ...{ comments_url: `${at.issue}/comments`, events_url: `${at.issue}/events` },
      ...{ html_url: at.html, id: one.id, node_id: node('Issue', one.id), number: one.number },
      ...{ title: one.title, user: user(one.author), labels: [], state: one.state },
      ...{ locked: one.locked, assignee: null, assignees: [], milestone: null },
      ...{ comments: commentsOf(one), created_at: one.createdAt, updated_at: one.updatedAt },
      ...{ closed_at: one.closedAt, author_association: 'MEMBER', active_lock_reason: null },
      ...{ body: one.body, reactions: reactions(at.issue) },
      performed_via_github_app: null,
      ...(one.pull && {
        draft: one.pull.draft,
        pull_request: {
          ...{ url: at.pull, html_url: at.html, diff_url: `${at.html}.diff` },
          ...{ patch_url: `${at.html}.patch`, merged_at: one.pull.mergedAt },
        },
      }),
    }
  }
  const comment = (one: Comment): Shape => {
    const at = place(one.issue)
    const url = `${at.repo}/issues/comments/${one.id}`
    return {
      ...{ url, html_url: `${at.html}#issuecomment-${one.id}`, issue_url: at.issue, id: one.id },
      ...{ node_id: node('IssueComment', one.id), user: one.author && user(one.author) },
      ...{ created_at: one.createdAt, updated_at: one.updatedAt, author_association: 'MEMBER' },
      ...{ body: one.body, reactions: reactions(url) },
      performed_via_github_app: one.viaApp && app(one.viaApp),
      minimized: one.minimised === null ? null : { reason: one.minimised },
    }
  }
  const end = (owner: Account, repo: Repository | null, ref: string, sha: string): Shape => ({
    ...{ label: `${owner.login}:${ref}`, ref, sha, user: user(owner) },
    repo: repo && repository(repo),
  })
  const pullSimple = (one: Issue, pull: Pull): Shape => {
    const at = place(one)
    const statuses = `${at.repo}/statuses/${pull.headSha}`
    const reviewComment = `${at.repo}/pulls/comments{/number}`
    return {
      ...{ url: at.pull, id: pull.id, node_id: node('PullRequest', pull.id), html_url: at.html },
      ...{ diff_url: `${at.html}.diff`, patch_url: `${at.html}.patch`, issue_url: at.issue },
      ...{ number: one.number, state: one.state, locked: one.locked, title: one.title },
      ...{ user: user(one.author), body: one.body, created_at: one.createdAt },
      ...{ updated_at: one.updatedAt, closed_at: one.closedAt, merged_at: pull.mergedAt },
      // While a change is open, GitHub names a commit that it merged on trial.
      merge_commit_sha: pull.mergeSha ?? trialMerge(pull),
      ...{ assignee: null, assignees: [], requested_reviewers: [], requested_teams: [] },
      ...{ labels: [], milestone: null, draft: pull.draft, commits_url: `${at.pull}/commits` },
      ...{ review_comments_url: `${at.pull}/comments`, review_comment_url: reviewComment },
      ...{ comments_url: `${at.issue}/comments`, statuses_url: statuses },
      head: end(pull.headOwner, pull.headRepository, pull.headBranch, pull.headSha),
      base: end(one.repository.owner, one.repository, pull.baseBranch, pull.baseSha),
      _links: Object.fromEntries(
        Object.entries({
          ...{ self: at.pull, html: at.html, issue: at.issue, comments: `${at.issue}/comments` },
          ...{ review_comments: `${at.pull}/comments`, review_comment: reviewComment },
          ...{ commits: `${at.pull}/commits`, statuses },
        }).map(([name, href]) => [name, { href }]),
      ),
      ...{ author_association: 'MEMBER', auto_merge: null, active_lock_reason: null },
    }
  }
  const pull = (one: Issue, pull: Pull): Shape => ({
    ...pullSimple(one, pull),
    ...{ merged: pull.mergedAt !== null, mergeable: null, rebaseable: null },
    ...{ mergeable_state: 'unknown', merged_by: pull.mergedBy && user(pull.mergedBy) },
    ...{ comments: commentsOf(one), review_comments: 0, maintainer_can_modify: false },
    ...{ commits: pull.commits.length, additions: 1, deletions: 1, changed_files: 1 },
  })
  const commit = (repo: Repository, one: Commit): Shape => {
    const url = `${api}/repos/${fullName(repo)}/commits/${one.sha}`
    return {
      ...{ url, sha: one.sha, node_id: node('Commit', 0), comments_url: `${url}/comments` },
      html_url: `${web}/${fullName(repo)}/commit/${one.sha}`,
      commit: {
        ...{ url, message: one.message, comment_count: 0 },
        author: { name: 'somebody', email: one.authorEmail, date: longAgo },
        committer: { name: 'somebody', email: one.committerEmail, date: longAgo },
        tree: { sha: one.sha, url },
        verification: {
          ...{ verified: false, reason: 'unsigned', payload: null, signature: null },
          verified_at: null,
        },
      },
      author: one.author && user(one.author),
      committer: one.committer && user(one.committer),
      parents: [],
    }
  }
  const review = (issue: Issue, one: Review): Shape => {
    const at = place(issue)
    const html = `${at.html}#pullrequestreview-${one.id}`
    return {
      ...{ id: one.id, node_id: node('Review', one.id), user: user(one.by), body: '' },
      ...{ state: one.state, html_url: html, pull_request_url: at.pull, submitted_at: one.at },
      ...{ commit_id: one.sha, author_association: 'MEMBER' },
      _links: { html: { href: html }, pull_request: { href: at.pull } },
    }
  }
  const checkRun = (run: CheckRun): Shape => {
    const url = `${api}/repos/${fullName(run.repository)}/check-runs/${run.id}`
    return {
      ...{ id: run.id, head_sha: run.headSha, node_id: node('CheckRun', run.id), url },
      ...{ external_id: run.externalId ?? '', html_url: `${web}/runs/${run.id}` },
      ...{ details_url: run.detailsUrl ?? web, status: run.status, conclusion: run.conclusion },
      ...{ started_at: run.startedAt, completed_at: run.completedAt, name: run.name },
      output: {
        ...{ title: run.title, summary: run.summary, text: run.text },
        ...{ annotations_count: run.annotations.length, annotations_url: `${url}/annotations` },
      },
      ...{ check_suite: { id: run.app.installationId }, app: app(run.app), pull_requests: [] },
    }
  }
  const status = (one: Status): Shape => ({
    url: `${api}/repos/${fullName(one.repository)}/statuses/${one.sha}`,
    ...{ avatar_url: `${web}/avatars/${one.creator.id}`, id: one.id },
    ...{ node_id: node('Status', one.id), state: one.state, description: one.description },
    ...{ target_url: one.targetUrl, context: one.context, created_at: one.at },
    ...{ updated_at: one.at, creator: user(one.creator) },
  })
  const activity = (push: Push): Shape => ({
    ...{ id: push.id, node_id: node('Push', push.id), before: push.before, after: push.after },
    ...{ ref: push.ref, timestamp: push.at, activity_type: push.type, actor: user(push.by) },
  })
  return {
    ...{ user, publicUser, app, repository, fullRepository, issue, comment, pullSimple, pull },
    ...{ commit, review, checkRun, status, activity },
  }
}
export type GithubShapes = ReturnType<typeof githubShapes>

const longAgo = '2020-01-01T00:00:00Z'

function trialMerge({ headSha }: Pull): string {
  return [...headSha].reverse().join('')
}
