import type { Test } from 'tap'
import type { Review } from '../../schemas/review.ts'
import { type Files, type TestRepository, testRepository } from '../controller/git/repositories.ts'
import type { Account, Issue, Repository } from '../controller/github/github-state.ts'
import { type GithubStub, githubStub } from '../controller/github/github-stub.ts'
import { type PolicyWorld, until } from './policy-world.ts'

/** Where sources are that write other namespaces. */
export const system = 'writ-system'

const logins = ['ana', 'ben', 'cleo', 'dan'] as const

const secret = 'the secret of webhooks'

/** A repository at a stand-in for GitHub that a PolicySource names, and the people who review its changes. */
export interface ReviewedSource {
  readonly hub: GithubStub
  readonly repo: Repository
  readonly there: TestRepository
  readonly users: Readonly<Record<(typeof logins)[number], Account>>
  /** Makes a PolicySource of the repository in `writ-system`. */
  put(name: string, some?: object): Promise<void>
  /** Pushes to main without asking anybody. */
  push(files: Files): Promise<string>
  /** Proposes files on a branch of its own, by dan. */
  propose(files: Files): Promise<Issue>
  merge(pull: Issue): Promise<string>
  /** Tells of everything that happened since it was told last, by webhooks to this controller. */
  tell(to: URL): Promise<void>
  /** The comments of Writ in the thread of a change that ask for answers. */
  asked(pull: Issue): string
}

/** Makes the repository with these policies, the people, and the Secret with what opens it. */
export async function reviewedSource(
  t: Test,
  world: PolicyWorld,
  files: Files,
): Promise<ReviewedSource> {
  const hub = await githubStub(t)
  const people = logins.map(login => [login, hub.user(login)] as const)
  const users = Object.fromEntries(people) as ReviewedSource['users']
  const repo = hub.repository('acme/policies')
  const there = await testRepository(t)
  hub.push(repo, users.ana, 'main', await there.commit(files))
  await putPeople(world, users)
  const token = hub.token(hub.bot('writ'))
  await world.api.ask('POST', `/api/v1/namespaces/${system}/secrets`, {
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'github' } },
    stringData: { token, webhook: secret },
  })
  let told = 0
  let branches = 0
  return {
    ...{ hub, repo, there, users },
    async put(name, some = {}) {
      await world.put('PolicySource', system, name, {
        ...{ url: there.url, path: 'policies', targetNamespace: 'team-a', interval: '1h' },
        webhookSecretRef: { name: 'github', key: 'webhook' },
        forge: {
          ...{ type: 'github', repository: 'acme/policies', apiUrl: hub.apiUrl },
          secretRef: { name: 'github', key: 'token' },
        },
        review: { workflow: 'reviewers', replay: '0s', requireApproved: true },
        ...some,
      })
    },
    async push(files) {
      const sha = await there.commit(files)
      hub.push(repo, users.ana, 'main', sha)
      return sha
    },
    async propose(files) {
      branches += 1
      const branch = `change-${branches}`
      await there.git('checkout', '--quiet', 'main')
      const baseSha = (await there.git('rev-parse', 'main')).trim()
      const sha = await there.commit(files, { branch })
      const pull = hub.open(repo, { by: users.dan, branch, sha, baseSha, from: repo, title: 'A' })
      await there.git('push', '--quiet', 'origin', `${sha}:refs/pull/${pull.number}/head`)
      return pull
    },
    async merge(pull) {
      await there.git('checkout', '--quiet', 'main')
      await there.git('merge', '--quiet', '--no-ff', '-m', 'Merge', pull.pull?.headBranch ?? '')
      await there.git('push', '--quiet', 'origin', 'main')
      const sha = (await there.git('rev-parse', 'HEAD')).trim()
      hub.merge(pull, users.ana, sha)
      return sha
    },
    async tell(to) {
      for (const delivery of hub.deliveries.slice(told)) {
        told += 1
        const answer = await hub.send(delivery, { to, secret })
        if (answer.status >= 400) throw new Error(`${answer.status} ${await answer.text()}`)
      }
    },
    asked: pull =>
      hub
        .comments(pull)
        .map(({ body }) => body)
        .filter(body => body.startsWith('<!-- writ:review'))
        .join('\n'),
  }
}

async function putPeople({ put }: PolicyWorld, users: ReviewedSource['users']): Promise<void> {
  for (const login of logins) {
    const { id } = users[login]
    const spec = { email: `${login}@example.com`, identities: { github: { id, login } } }
    await put('User', system, login, spec)
  }
  await put('ApprovalWorkflow', system, 'reviewers', { approvers: { users: ['ben', 'cleo'] } })
}

/** Asks a controller as an admin. */
export type Ask = (path: string) => Promise<Response>

/** The newest review of a change of a source once it stands so, and its comment shows the digest. */
export async function reviewed(
  { asked }: ReviewedSource,
  ask: Ask,
  {
    pull,
    source,
    state,
  }: { readonly pull: Issue; readonly source: string; readonly state: string },
): Promise<Review> {
  const newest = async () => {
    const { reviews } = (await (await ask('/api/v1/reviews')).json()) as { reviews: Review[] }
    return reviews.find(
      one =>
        one.change === pull.number && one.source === source && one.headSha === pull.pull?.headSha,
    )
  }
  await until(async () => {
    const review = await newest()
    return review?.state === state && asked(pull).includes(review.digest)
  })
  return (await newest()) as Review
}

/** The digits by which a digest is answered. */
export function digitsOf({ digest }: Pick<Review, 'digest'>): string {
  return digest.slice(7, 19)
}
