/**
 * A stand-in for GitHub: a real HTTP server that answers from what it keeps. Every request that it gets and every
 * answer that it gives is checked by GitHub's own description; what does not fit fails the test.
 *
 *   const hub = await githubStub(t, { now })          // hub.apiUrl is an address as of GitHub Enterprise
 *   const [ana, ben] = [hub.user('ana'), hub.user('ben')]
 *   const app = hub.app('writ')                       // appId, installationId, privateKey; hub.token(ana) for tokens
 *   const repo = hub.repository('acme/policies')
 *   const pull = hub.open(repo, { by: ana, branch: 'wider', sha, baseSha })     // pull.number
 *   hub.update(pull, ana, newSha); hub.merge(pull, ben, mergeSha); hub.close(pull, ana)
 *   const comment = hub.write(pull, ben, '/approve 0123456789ab')               // comment.id
 *   hub.edit(comment.id, ben, 'x'); hub.minimise(comment.id); hub.remove(comment.id, ben)
 *   hub.comments(pull); hub.checkRuns(repo, sha); hub.statuses(repo, sha); hub.isGreen(repo, sha)
 *   await hub.send(hub.deliveries.at(-1)!, { to: controllerUrl, secret })       // a webhook, signed; sent as often as wanted
 *   hub.trouble({ status: 503, times: 2 })            // the next answers are failures
 *
 * Shas may be those of a real repository; the stub knows no git. docs/github.md says what else it cannot show.
 */
import { createHmac, createVerify, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json as readJson } from 'node:stream/consumers'
import type { Test } from 'tap'
import { describedByGithub } from './description.ts'
import {
  type Answered,
  findRepository,
  githubRoutes,
  type Listed,
  notFound,
  pathPattern,
  refusal,
} from './github-routes.ts'
import { githubShapes } from './github-shapes.ts'
import {
  type Account,
  type App,
  appKeys,
  fullName,
  githubState,
  type Holder,
  type Issue,
  type Repository,
} from './github-state.ts'
import { type Delivery, githubVerbs, nextNumber } from './github-verbs.ts'

/** Failures in place of answers. */
interface Trouble {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly message?: string
  /** In place of an object with the message. */
  readonly body?: unknown
  /** How often; once when omitted. */
  readonly times?: number
  /** Only for requests that match, as `METHOD /path`. */
  readonly when?: RegExp
}

/** Starts the stub; it is closed when the test ends. */
export async function githubStub(
  t: Test,
  { now = Date.now }: { readonly now?: () => number } = {},
) {
  // Clients close what they do not use: a server that does so may be closing what a client just takes.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    serve(request, response).catch(error => {
      // Whoever stopped in the middle of asking gets no answer.
      if (request.destroyed && !request.complete) return
      t.fail('the stub of GitHub failed', { cause: String(error?.stack ?? error) })
      response.writeHead(500).end()
    })
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const web = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const apiUrl = `${web}/api/v3`
  const state = githubState(now)
  const shapes = githubShapes(state, web, apiUrl)
  const deliveries: Delivery[] = []
  const verbs = githubVerbs(state, shapes, (event, payload) => {
    deliveries.push({ id: randomUUID(), event, payload: JSON.parse(JSON.stringify(payload)) })
  })
  const routes = githubRoutes(state, shapes, verbs).map(
    ([method, path, handle]) => [method, pathPattern(path), handle] as const,
  )
  const problemOf = describedByGithub()
  const requests: string[] = []
  const troubles: { left: number; trouble: Trouble }[] = []

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET' } = request
    const url = new URL(request.url ?? '/', web)
    const path = url.pathname.replace(/^\/api\/v3/, '')
    const body = Number(request.headers['content-length'] ?? 0) > 0 ? await readJson(request) : null
    requests.push(`${method} ${path}`)
    const trouble = nextTrouble(`${method} ${path}`)
    if (trouble !== null) {
      const { status, message = 'Server Error', headers = {}, body = { message } } = trouble
      return send(response, status, body, headers)
    }
    if (url.pathname === '/api/graphql' || url.pathname === '/graphql') {
      const holder = holderOf(request)
      return holder === null
        ? send(response, 401, { message: 'Bad credentials' })
        : send(response, 200, graphql(body as { variables?: { id?: string } }))
    }
    const answered = answer(method, path, url, body, request)
    const { list, field } = answered
    const page = list && pageOf(list, url)
    const shown = page === undefined ? answered.body : wrapped(page.items, list?.length ?? 0, field)
    const exchange = { method, path, query: url.searchParams, body, status: answered.status }
    const problem = problemOf({ ...exchange, answer: shown })
    if (problem !== null) t.fail(`not as GitHub describes it: ${problem}`)
    send(response, answered.status, shown, {
      ...(page?.next && { link: `<${page.next}>; rel="next"` }),
      ...(answered.status === 301 && { location: (shown as { url: string }).url }),
    })
  }

  function answer(
    method: string,
    path: string,
    url: URL,
    body: unknown,
    request: IncomingMessage,
  ): Answered {
    const minted = /^\/app\/installations\/(\d+)\/access_tokens$/.exec(path)
    if (minted !== null) return mint(Number(minted[1]), appOf(request))
    const holder = path === '/app' ? appHolder(request) : holderOf(request)
    if (holder === null) return refusal(401, 'Bad credentials')
    for (const [wanted, pattern, handle] of routes) {
      const found = wanted === method ? pattern.exec(path) : null
      if (found === null) continue
      const params = decoded(found.groups ?? {})
      const { owner, repo: name } = params
      const repo = owner === undefined ? null : findRepository(state, `${owner}/${name}`)
      if (typeof repo === 'string') return moved(path.replace(`${owner}/${name}`, repo))
      if (owner !== undefined && repo === null) return notFound
      const asked = { params, query: url.searchParams, body, holder }
      return handle(asked, repo as Repository)
    }
    return notFound
  }

  function moved(path: string): Answered {
    const documentation_url = 'https://docs.github.com/rest'
    return {
      status: 301,
      body: { message: 'Moved Permanently', url: `${apiUrl}${path}`, documentation_url },
    }
  }

  function nextTrouble(request: string): Trouble | null {
    const next = troubles.find(
      ({ left, trouble: { when } }) => left > 0 && (when?.test(request) ?? true),
    )
    if (next === undefined) return null
    next.left -= 1
    return next.trouble
  }

  function holderOf({ headers }: IncomingMessage): Holder | null {
    return state.tokens.get((headers.authorization ?? '').replace(/^(token|bearer) /i, '')) ?? null
  }

  function appOf({ headers }: IncomingMessage): App | null {
    const [head = '', claims = '', signature = ''] = (headers.authorization ?? '')
      .replace(/^bearer /i, '')
      .split('.')
    const { iss } = parsed(claims)
    const app = state.apps.find(({ appId }) => appId === Number(iss))
    const verify = createVerify('RSA-SHA256').update(`${head}.${claims}`)
    return app && verify.verify(app.publicKey, signature, 'base64url') ? app : null
  }

  function appHolder(request: IncomingMessage): Holder | null {
    const app = appOf(request)
    return app && { account: app.account, app }
  }

  function mint(installation: number, app: App | null): Answered {
    if (app === null) return refusal(401, 'A JSON web token could not be decoded')
    if (app.installationId !== installation) return notFound
    const token = `ghs_${randomUUID().replaceAll('-', '')}`
    state.tokens.set(token, { account: app.account, app })
    const expires_at = new Date(Date.now() + 3_600_000).toISOString()
    return {
      status: 201,
      body: { token, expires_at, permissions: { checks: 'write' }, repository_selection: 'all' },
    }
  }

  function graphql({ variables = {} }: { variables?: { id?: string } }): object {
    const [kind, id] = Buffer.from(variables.id ?? '', 'base64url')
      .toString()
      .split(':')
    const comment = state.comments.find(one => kind === 'IssueComment' && one.id === Number(id))
    if (comment === undefined) {
      const message = `Could not resolve to a node with the global id of '${variables.id}'`
      return { data: { node: null }, errors: [{ type: 'NOT_FOUND', path: ['node'], message }] }
    }
    return {
      data: {
        node: {
          isMinimized: comment.minimised !== null,
          lastEditedAt: comment.lastEditedAt,
          repository: { databaseId: comment.issue.repository.id },
        },
      },
    }
  }

  const account = (login: string, type: Account['type']): Account => {
    const found = state.accounts.find(one => one.login === login)
    if (found !== undefined) return found
    const id = state.nextId()
    const made = { id, login, type, email: `${id}+${login}@users.noreply.github.com` }
    state.accounts.push(made)
    return made
  }

  return {
    apiUrl,
    /** What was asked, as `METHOD /path`. */
    requests,
    /** Webhooks, oldest first; nobody gets one that is not sent. */
    deliveries,
    ...verbs,
    /** The number of the next issue or pull request. */
    nextNumber: (repo: Repository) => nextNumber(state, repo),
    user: (login: string) => account(login, 'User'),
    bot: (login: string) => account(login, 'Bot'),
    organization: (login: string) => account(login, 'Organization'),
    app(slug: string): App {
      const app: App = {
        ...{ appId: state.nextId(), slug, installationId: state.nextId(), ...appKeys() },
        owner: account(`${slug}-makers`, 'Organization'),
        account: account(`${slug}[bot]`, 'Bot'),
      }
      state.apps.push(app)
      return app
    },
    /** A personal access token. */
    token(holder: Account): string {
      const token = `ghp_${randomUUID().replaceAll('-', '')}`
      state.tokens.set(token, { account: holder, app: null })
      return token
    },
    revoke: (token: string) => state.tokens.delete(token),
    repository(name: string, forkOf: Repository | null = null): Repository {
      const [owner = '', short = ''] = name.split('/')
      const known = state.accounts.find(({ login }) => login === owner)
      const made = {
        ...{ id: state.nextId(), owner: known ?? account(owner, 'Organization'), name: short },
        ...{ defaultBranch: 'main', forkOf },
      }
      state.repositories.push(made)
      return made
    },
    comments: (issue: Issue) => state.comments.filter(one => one.issue === issue),
    checkRuns: (repo: Repository, sha: string) =>
      state.checkRuns.filter(run => run.repository === repo && run.headSha === sha),
    statuses: (repo: Repository, sha: string) =>
      state.statuses.filter(status => status.repository === repo && status.sha === sha),
    /** Whether branch protection that wants the check lets the commit in: the newest run and the newest status are both successes, those there are. */
    isGreen(repo: Repository, sha: string, name = 'writ/policy'): boolean {
      const run = state.checkRuns.findLast(
        one => one.repository === repo && one.headSha === sha && one.name === name,
      )
      const status = state.statuses.findLast(
        one => one.repository === repo && one.sha === sha && one.context === name,
      )
      const verdicts = [run && run.conclusion === 'success', status && status.state === 'success']
      const known = verdicts.filter(verdict => verdict !== undefined)
      return known.length > 0 && known.every(Boolean)
    },
    trouble(trouble: Trouble): void {
      troubles.push({ left: trouble.times ?? 1, trouble })
    },
    /** No more failures. */
    calm: () => troubles.splice(0),
    /** Posts a webhook as GitHub does. What is signed is the body that is sent, unless another signature is given. */
    async send(
      { id, event, payload }: Delivery,
      to: { readonly to: URL; readonly secret: string; readonly signature?: string },
    ): Promise<Response> {
      const body = JSON.stringify(payload)
      const digest = createHmac('sha256', to.secret).update(body).digest('hex')
      return fetch(new URL('/api/v1/webhooks/github', to.to), {
        method: 'POST',
        headers: {
          ...{ 'content-type': 'application/json', 'user-agent': 'GitHub-Hookshot/1234567' },
          ...{ 'x-github-delivery': id, 'x-github-event': event, 'x-github-hook-id': '1' },
          'x-hub-signature-256': to.signature ?? `sha256=${digest}`,
        },
        body,
      })
    },
    fullName,
  }
}
export type GithubStub = Awaited<ReturnType<typeof githubStub>>

function decoded(groups: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(groups).map(([name, text]) => [name, decodeURIComponent(text)]),
  )
}

function parsed(part: string): { readonly iss?: unknown } {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString())
  } catch {
    return {}
  }
}

function pageOf(list: Listed, url: URL) {
  const size = Math.min(Number(url.searchParams.get('per_page') ?? 30), 100)
  const page = Number(url.searchParams.get('page') ?? 1)
  const next = new URL(url)
  next.searchParams.set('page', String(page + 1))
  const items = list.slice((page - 1) * size, page * size)
  return { items, next: list.length > page * size ? next.href : null }
}

function wrapped(items: readonly unknown[], total: number, field: string | undefined): unknown {
  return field === undefined ? items : { total_count: total, [field]: items }
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
  response.end(JSON.stringify(body))
}
