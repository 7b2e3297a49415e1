import type { GithubShapes } from './github-shapes.ts'
import type { CheckRun, GithubState, Holder, Issue, Pull, Repository } from './github-state.ts'
import { fullName } from './github-state.ts'
import type { GithubVerbs } from './github-verbs.ts'

/** A request that GitHub understood. */
interface Asked {
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  // biome-ignore lint/suspicious/noExplicitAny: it was checked by the description
  readonly body: any
  readonly holder: Holder
}

export interface Answered {
  readonly status: number
  readonly body: unknown
  /** Pages of it, when it is a list. */
  readonly list?: Listed
  /** The list is a field of the answer. */
  readonly field?: string
}

export interface Listed {
  readonly length: number
  slice(from: number, to: number): readonly unknown[]
}

type Handle = (asked: Asked, repo: Repository) => Answered

/** What GitHub answers, by method and path; `repo` is the repository that the path names. */
export function githubRoutes(
  state: GithubState,
  shapes: GithubShapes,
  verbs: GithubVerbs,
): readonly (readonly [string, string, Handle])[] {
  const issueOf = (repo: Repository, number: string | undefined) =>
    state.issues.find(one => one.repository === repo && one.number === Number(number))
  const withIssue =
    (handle: (asked: Asked, issue: Issue) => Answered): Handle =>
    (asked, repo) => {
      const issue = issueOf(repo, asked.params.number)
      return issue === undefined ? notFound : handle(asked, issue)
    }
  const withPull = (handle: (asked: Asked, issue: Issue, pull: Pull) => Answered): Handle =>
    withIssue((asked, issue) => (issue.pull ? handle(asked, issue, issue.pull) : notFound))
  const commentOf = (repo: Repository, id: string | undefined) =>
    state.comments.find(one => one.issue.repository === repo && one.id === Number(id))
  const at = '/repos/:owner/:repo'
  return [
    ['GET', '/app', ({ holder }) => ok(holder.app && shapes.app(holder.app))],
    ['GET', '/user', ({ holder }) => ok(shapes.publicUser(holder.account))],
    [
      'GET',
      '/users/:login',
      ({ params }) => {
        const account = state.accounts.find(({ login }) => login === params.login)
        return account === undefined ? notFound : ok(shapes.publicUser(account))
      },
    ],
    ['GET', at, (_, repo) => ok(shapes.fullRepository(repo))],
    [
      'GET',
      `${at}/activity`,
      ({ query }, repo) =>
        list(
          state.pushes
            .filter(push => push.repository === repo)
            .filter(({ ref }) => query.get('ref') === null || ref === query.get('ref'))
            .toReversed(),
          shapes.activity,
        ),
    ],
    [
      'GET',
      `${at}/pulls`,
      ({ query }, repo) =>
        list(
          sortedBy(query, state.issues).filter(
            one => one.pull && one.repository === repo && matches(one, query),
          ),
          one => one.pull && shapes.pullSimple(one, one.pull),
        ),
    ],
    ['POST', `${at}/pulls`, (asked, repo) => openPull(asked, repo)],
    ['GET', `${at}/pulls/:number`, withPull((_, issue, pull) => ok(shapes.pull(issue, pull)))],
    [
      'GET',
      `${at}/pulls/:number/commits`,
      withPull((_, { repository }, { commits }) =>
        list(commits.slice(0, 250), commit => shapes.commit(repository, commit)),
      ),
    ],
    [
      'GET',
      `${at}/pulls/:number/reviews`,
      withPull((_, issue, { reviews }) => list(reviews, one => shapes.review(issue, one))),
    ],
    [
      'GET',
      `${at}/commits/:sha/pulls`,
      ({ params }, repo) =>
        list(
          state.issues.filter(one => one.repository === repo && holds(one.pull, params.sha)),
          one => one.pull && shapes.pullSimple(one, one.pull),
        ),
    ],
    ['GET', `${at}/issues/:number`, withIssue((_, issue) => ok(shapes.issue(issue)))],
    [
      'GET',
      `${at}/issues/:number/comments`,
      withIssue((_, issue) =>
        list(
          state.comments.filter(one => one.issue === issue),
          shapes.comment,
        ),
      ),
    ],
    ['POST', `${at}/issues/:number/comments`, withIssue(writeComment)],
    [
      'GET',
      `${at}/issues/comments`,
      ({ query }, repo) =>
        list(
          sortedBy(query, state.comments)
            .filter(one => one.issue.repository === repo)
            .filter(({ updatedAt }) => updatedAt >= (query.get('since') ?? '')),
          shapes.comment,
        ),
    ],
    [
      'GET',
      `${at}/issues/comments/:id`,
      ({ params }, repo) => {
        const comment = commentOf(repo, params.id)
        return comment === undefined ? notFound : ok(shapes.comment(comment))
      },
    ],
    [
      'PATCH',
      `${at}/issues/comments/:id`,
      ({ params, body, holder }, repo) => {
        const comment = commentOf(repo, params.id)
        if (comment === undefined) return notFound
        if (comment.author !== holder.account) return forbidden('Must have admin rights.')
        verbs.edit(comment.id, holder.account, body.body)
        return ok(shapes.comment(comment))
      },
    ],
    ['POST', `${at}/check-runs`, makeCheckRun],
    ['PATCH', `${at}/check-runs/:id`, changeCheckRun],
    [
      'GET',
      `${at}/commits/:sha/check-runs`,
      ({ params, query }, repo) => {
        const runs = state.checkRuns
          .filter(run => run.repository === repo && run.headSha === params.sha)
          .filter(({ name }) => [null, name].includes(query.get('check_name')))
          .filter(({ app }) => [null, String(app.appId)].includes(query.get('app_id')))
          .toReversed()
        const shown = query.get('filter') === 'all' ? runs : latest(runs)
        return { ...list(shown, shapes.checkRun), field: 'check_runs' }
      },
    ],
    [
      'POST',
      `${at}/statuses/:sha`,
      ({ params, body, holder }, repo) => {
        if ((body.description ?? '').length > 140) return invalid('description is too long')
        const status = {
          ...{ id: state.nextId(), repository: repo, sha: params.sha ?? '' },
          ...{ creator: holder.account, state: body.state, context: body.context ?? 'default' },
          ...{ description: body.description ?? null, targetUrl: body.target_url ?? null },
          at: state.now(),
        }
        state.statuses.push(status)
        return { status: 201, body: shapes.status(status) }
      },
    ],
    [
      'GET',
      `${at}/commits/:sha/statuses`,
      ({ params }, repo) =>
        list(
          state.statuses
            .filter(one => one.repository === repo && one.sha === params.sha)
            .toReversed(),
          shapes.status,
        ),
    ],
  ]

  function openPull({ body, holder }: Asked, repo: Repository): Answered {
    const open = state.issues.filter(one => one.repository === repo && one.state === 'open')
    if (open.some(({ pull }) => pull?.headBranch === body.head && pull?.baseBranch === body.base)) {
      return invalid(`A pull request already exists for ${repo.owner.login}:${body.head}.`)
    }
    const sha = verbs.branchTip(repo, body.head)
    if (sha === null) return invalid(`head ${body.head} is not a branch`)
    const issue = verbs.open(repo, {
      ...{ by: holder.account, title: body.title, body: body.body ?? '', branch: body.head, sha },
      ...{ base: body.base, baseSha: verbs.branchTip(repo, body.base) ?? '0'.repeat(40) },
    })
    return { status: 201, body: shapes.pull(issue, issue.pull as Pull) }
  }

  function writeComment({ body, holder }: Asked, issue: Issue): Answered {
    if (issue.locked && holder.app === null) return forbidden('Unable to create comment: locked.')
    if (body.body.length > 65_536) return invalid('body is too long (maximum is 65536 characters)')
    const comment = verbs.write(issue, holder.account, body.body)
    return { status: 201, body: shapes.comment(comment) }
  }

  function makeCheckRun({ body, holder }: Asked, repo: Repository): Answered {
    if (holder.app === null) return forbidden('You must authenticate via a GitHub App.')
    const run: CheckRun = {
      ...{ id: state.nextId(), repository: repo, app: holder.app, name: body.name },
      ...{ headSha: body.head_sha, startedAt: state.now(), annotations: [] },
      ...{ externalId: null, detailsUrl: null, status: 'queued', conclusion: null },
      ...{ completedAt: null, title: null, summary: null, text: null },
    }
    state.checkRuns.push(run)
    take(run, body)
    return { status: 201, body: shapes.checkRun(run) }
  }

  function changeCheckRun({ params, body, holder }: Asked, repo: Repository): Answered {
    const run = state.checkRuns.find(
      ({ id, repository }) => id === Number(params.id) && repository === repo,
    )
    if (run === undefined) return notFound
    if (run.app !== holder.app) return forbidden('Invalid app_id: not yours.')
    take(run, body)
    return ok(shapes.checkRun(run))
  }

  /** Annotations are added to those that are there. */
  function take(run: CheckRun, body: Asked['body']): void {
    run.externalId = body.external_id ?? run.externalId
    run.detailsUrl = body.details_url ?? run.detailsUrl
    run.conclusion = body.conclusion ?? run.conclusion
    run.status = body.conclusion === undefined ? (body.status ?? run.status) : 'completed'
    run.completedAt = run.status === 'completed' ? state.now() : null
    run.title = body.output?.title ?? run.title
    run.summary = body.output?.summary ?? run.summary
    run.annotations.push(...(body.output?.annotations ?? []))
  }
}

/** Who answers the path, and what its parts are called. */
export function pathPattern(path: string): RegExp {
  const numbered = path.replace(/:(number|id)/g, '(?<$1>[0-9]+)')
  return new RegExp(`^${numbered.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`)
}

export const notFound: Answered = refusal(404, 'Not Found')

function forbidden(message: string): Answered {
  return refusal(403, message)
}

export function refusal(status: number, message: string): Answered {
  const documentation_url = 'https://docs.github.com/rest'
  return { status, body: { message, documentation_url, status: String(status) } }
}

function invalid(message: string): Answered {
  return {
    status: 422,
    body: {
      ...{ message: 'Validation Failed', documentation_url: 'https://docs.github.com/rest' },
      errors: [{ resource: 'Thing', code: 'custom', message }],
    },
  }
}

function ok(body: unknown): Answered {
  return { status: 200, body }
}

/** What is on other pages is not put into shape. */
function list<T>(items: readonly T[], shape: (item: T) => unknown): Answered {
  const slice = (from: number, to: number) => items.slice(from, to).map(shape)
  return { status: 200, body: null, list: { length: items.length, slice } }
}

function matches({ state, pull }: Issue, query: URLSearchParams): boolean {
  const wanted = query.get('state') ?? 'open'
  const head = query.get('head')
  const headed =
    pull?.headRepository && `${pull.headRepository.owner.login}:${pull.headBranch}` === head
  return (
    (wanted === 'all' || state === wanted) &&
    [null, pull?.baseBranch].includes(query.get('base')) &&
    (head === null || headed === true)
  )
}

function holds(pull: Pull | null, sha: string | undefined): boolean {
  return pull !== null && (pull.mergeSha === sha || pull.commits.some(one => one.sha === sha))
}

function sortedBy<T extends { createdAt?: string; updatedAt: string; id: number }>(
  query: URLSearchParams,
  items: readonly T[],
): readonly T[] {
  const by = query.get('sort') === 'updated' ? 'updatedAt' : 'createdAt'
  const sorted = [...items].sort((a, b) => (a[by] ?? '').localeCompare(b[by] ?? '') || a.id - b.id)
  return (query.get('direction') ?? 'desc') === 'asc' ? sorted : sorted.toReversed()
}

/** Of the runs of one app and name, the newest. */
function latest(runs: readonly CheckRun[]): readonly CheckRun[] {
  return runs.filter(
    (run, index) =>
      runs.findIndex(other => other.name === run.name && other.app === run.app) === index,
  )
}

/** Where a repository is by its name, or how it is called now. */
export function findRepository(state: GithubState, name: string): Repository | string | null {
  const found = state.repositories.find(one => fullName(one).toLowerCase() === name.toLowerCase())
  if (found !== undefined) return found
  const moved = state.formerNames.get(name)
  return moved === undefined ? null : fullName(moved)
}
