import type { Test } from 'tap'
import type { ControllerOptions } from '../../../controller/controller.ts'
import { remoteUrl } from '../../../controller/git/remote-url.ts'
import type { Review } from '../../../schemas/review.ts'
import { type Files, type TestRepository, testRepository } from '../git/repositories.ts'
import type { Account, App, Comment, Issue, Repository } from '../github/github-state.ts'
import { type GithubStub, githubStub } from '../github/github-stub.ts'
import type { Delivery } from '../github/github-verbs.ts'
import { until, type World, world } from '../world.ts'

/** People at GitHub; mallory is in no policy. */
const logins = ['ana', 'ben', 'cleo', 'dan', 'mallory'] as const
type Login = (typeof logins)[number]

/** A repository at a stand-in for GitHub whose policies a real controller keeps in force. */
export interface PullWorld {
  readonly hub: GithubStub
  readonly repo: Repository
  readonly there: TestRepository
  readonly here: World
  readonly url: URL
  readonly users: Readonly<Record<Login, Account>>
  /** Proposes files on a branch of its own; the author is dan unless said otherwise. */
  propose(files: Files, some?: Proposing): Promise<Issue>
  /** Pushes another commit to the branch of a change. */
  push(pull: Issue, files: Files, by?: Account): Promise<string>
  /** Merges the branch of a change into main, as GitHub does. */
  merge(pull: Issue, by: Account): Promise<string>
  /** Writes a comment and has GitHub tell of it; settles once the controller wrote down what became of it. */
  say(pull: Issue, by: Account, body: string, some?: Saying): Promise<string>
  /** Tells the controller of everything that happened at GitHub since it was told last. */
  tell(): Promise<void>
  /** The comment of Writ in the thread of a change. */
  comment(pull: Issue): string
  /** The reviews as the API shows them, newest first. */
  reviews(): Promise<readonly Review[]>
  /** Settles once the newest review of the change is in the state, and the comment shows it. */
  reviewed(pull: Issue, state: Review['state']): Promise<Review>
  /** What became of a comment, as it was written down. */
  outcome(id: number): Promise<string | null>
  /** Sends a webhook, perhaps again, or to another controller. */
  send(delivery: Delivery, to?: URL): Promise<void>
  /** How the controller found its source. */
  source(): Promise<{ readonly state: string; readonly commit?: string }>
  problems(): Promise<readonly { readonly code: string }[]>
  /** Settles once a commit is in force. */
  inForce(commit: string): Promise<void>
  /** What is kept of the release of a commit. */
  history(commit: string): Promise<unknown>
  /** Starts another controller of the same options, with a folder of its own. */
  another(): Promise<Controller>
}

/** A controller that runs. */
interface Controller {
  readonly here: World
  readonly url: URL
}

/** How such a world differs from the usual one. */
interface PullOptions extends Partial<Omit<ControllerOptions, 'secrets'>> {
  /** Writ comes as an app instead of with a token. */
  readonly asApp?: boolean
  /** By key, besides `token`, `app` and `webhook`. */
  readonly secrets?: Readonly<Record<string, string>>
}

interface Saying {
  readonly viaApp?: App
  /** What happens before anybody is told. */
  readonly first?: (comment: Comment) => void
  /** The same, where it takes a while. */
  readonly before?: () => Promise<void>
}

interface Proposing {
  readonly branch?: string
  readonly by?: Account
  readonly from?: Repository
  readonly title?: string
}

const webhook = 'the secret of webhooks'

/** Starts all of it with the policies in force. */
export async function pullWorld(
  t: Test,
  filesOf: (place: {
    readonly source: string
    readonly ids: Readonly<Record<Login, number>>
  }) => Files,
  review: string,
  { asApp = false, secrets = {}, ...more }: PullOptions = {},
): Promise<PullWorld> {
  const hub = await githubStub(t)
  const users = Object.fromEntries(logins.map(login => [login, hub.user(login)])) as Record<
    Login,
    Account
  >
  const repo = hub.repository('acme/policies')
  const app = hub.app('writ')
  const known = new Map(
    Object.entries({
      ...{ webhook, token: hub.token(hub.bot('writ')), app: app.privateKey, ...secrets },
    }),
  )
  const there = await testRepository(t)
  const ids = Object.fromEntries(logins.map(login => [login, users[login].id])) as Record<
    Login,
    number
  >
  const credentials = asApp
    ? `app: { appId: ${app.appId}, installationId: ${app.installationId}, privateKeyRef: { name: github, key: app } }`
    : 'secretRef: { name: github, key: token }'
  const source = sourceText(there, { apiUrl: hub.apiUrl, credentials, review })
  const base = await there.commit(filesOf({ source, ids }))
  hub.push(repo, users.ana, 'main', base)
  const started = async (): Promise<Controller> => {
    const here = await world(t)
    const { url } = await here.startController({
      repository: { url: remoteUrl(there.url), branch: 'main', path: 'policies', intervalMs: 50 },
      secrets: async (_, { key }) => known.get(key) ?? null,
      ...more,
    })
    return { here, url }
  }
  const { here, url } = await started()
  const status = async () => (await (await here.get(url, '/api/v1/status')).json()) as Status
  let told = 0
  let branches = 0
  const tell = async () => {
    for (const delivery of hub.deliveries.slice(told)) {
      told += 1
      // A fork has webhooks of its own.
      if (delivery.payload.repository.id === repo.id) await made.send(delivery)
    }
  }
  const made: PullWorld = {
    ...{ hub, repo, there, here, url, users, tell, another: started },
    async propose(files, { by = users.dan, ...some } = {}) {
      branches += 1
      const { branch = `change-${branches}` } = some
      const baseSha = (await there.git('rev-parse', 'main')).trim()
      await there.git('checkout', '--quiet', 'main')
      const sha = await there.commit(files, { branch })
      const { from = repo, title = 'A change' } = some
      // Whoever looks as soon as the change is open finds its commit.
      const head = `refs/pull/${hub.nextNumber(repo)}/head`
      await there.git('push', '--quiet', '--force', 'origin', `${sha}:${head}`)
      const pull = hub.open(repo, { by, branch, sha, baseSha, from, title })
      await tell()
      return pull
    },
    async push(pull, files, by = users.dan) {
      const branch = pull.pull?.headBranch ?? ''
      const sha = await there.commit(files, { branch })
      await there.git(
        'push',
        '--quiet',
        '--force',
        'origin',
        `${sha}:refs/pull/${pull.number}/head`,
      )
      hub.update(pull, by, sha)
      await tell()
      return sha
    },
    async merge(pull, by) {
      await there.git('checkout', '--quiet', 'main')
      await there.git('merge', '--quiet', '--no-ff', '-m', 'Merge', pull.pull?.headBranch ?? '')
      const sha = (await there.git('rev-parse', 'HEAD')).trim()
      // Whoever finds the commit finds out what brought it.
      hub.merge(pull, by, sha)
      await there.git('push', '--quiet', 'origin', 'main')
      await tell()
      return sha
    },
    async say(pull, by, body, { viaApp = null, first, before } = {}) {
      const comment = hub.write(pull, by, body, viaApp)
      first?.(comment)
      await before?.()
      await tell()
      await until(async () => (await made.outcome(comment.id)) !== null)
      return (await made.outcome(comment.id)) ?? ''
    },
    comment: pull =>
      hub.comments(pull).find(({ body }) => body.startsWith('<!-- writ:review -->'))?.body ?? '',
    async reviews() {
      const answer = await here.get(url, '/api/v1/reviews')
      return ((await answer.json()) as { reviews: readonly Review[] }).reviews
    },
    async reviewed(pull, state) {
      const newest = async () =>
        (await made.reviews()).find(
          ({ change, headSha }) => change === pull.number && headSha === pull.pull?.headSha,
        )
      await until(async () => {
        const review = await newest()
        return review?.state === state && made.comment(pull).includes(review.digest)
      })
      return (await newest()) as Review
    },
    async outcome(id) {
      const { log } = here
      const line = log.find(
        ({ message, fields }) => message === 'command in a comment' && fields.comment === id,
      )
      return line === undefined ? null : String(line.fields.outcome)
    },
    async send(delivery, to = url) {
      const answer = await hub.send(delivery, { to, secret: webhook })
      if (answer.status >= 400) throw new Error(`${answer.status} ${await answer.text()}`)
    },
    source: async () => (await status()).source,
    problems: async () => (await status()).problems.list,
    inForce: commit =>
      until(async () => {
        const { source } = await status()
        return source.state === 'in_force' && source.commit === commit
      }),
    async history(commit) {
      const answer = await here.get(url, '/api/v1/policies/versions')
      const { versions } = (await answer.json()) as { versions: { commit?: { id: string } }[] }
      return versions.find(version => version.commit?.id === commit)
    },
  }
  await made.inForce(base)
  return made
}

interface Status {
  readonly source: { readonly state: string; readonly commit?: string }
  readonly problems: { readonly list: readonly { readonly code: string }[] }
}

function sourceText(
  { url }: TestRepository,
  said: { readonly apiUrl: string; readonly credentials: string; readonly review: string },
): string {
  return `
apiVersion: writ.dev/v1alpha1
kind: PolicySource
metadata: { name: policies }
spec:
  url: ${url}
  path: policies
  interval: 1h
  webhookSecretRef: { name: github, key: webhook }
  forge:
    type: github
    repository: acme/policies
    apiUrl: ${said.apiUrl}
    ${said.credentials}
  review: ${said.review}
`
}
