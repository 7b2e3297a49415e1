import { generateKeyPairSync } from 'node:crypto'

/** Somebody at GitHub. */
export interface Account {
  readonly id: number
  login: string
  readonly type: 'User' | 'Bot' | 'Organization'
  readonly email: string
}

/** A GitHub App, installed once, with every repository selected. */
export interface App {
  readonly appId: number
  readonly slug: string
  readonly owner: Account
  readonly installationId: number
  /** PEM, as GitHub hands it out: PKCS #1. */
  readonly privateKey: string
  readonly publicKey: string
  /** As whom it writes. */
  readonly account: Account
}

export interface Repository {
  readonly id: number
  readonly owner: Account
  name: string
  readonly defaultBranch: string
  readonly forkOf: Repository | null
}

/** A commit as the forge knows it; git itself is elsewhere. */
export interface Commit {
  readonly sha: string
  readonly message: string
  /** Null when no account has the mail address. */
  readonly author: Account | null
  readonly authorEmail: string
  readonly committer: Account | null
  readonly committerEmail: string
}

export interface Review {
  readonly id: number
  readonly by: Account
  readonly state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'DISMISSED'
  readonly sha: string
  readonly at: string
}

/** What makes an issue a pull request. */
export interface Pull {
  readonly id: number
  readonly headBranch: string
  readonly headOwner: Account
  /** Null once the fork is deleted. */
  headRepository: Repository | null
  headSha: string
  readonly baseBranch: string
  baseSha: string
  draft: boolean
  commits: Commit[]
  readonly reviews: Review[]
  mergeSha: string | null
  mergedBy: Account | null
  mergedAt: string | null
}

export interface Issue {
  readonly id: number
  readonly number: number
  repository: Repository
  readonly author: Account
  title: string
  body: string
  state: 'open' | 'closed'
  locked: boolean
  readonly createdAt: string
  updatedAt: string
  closedAt: string | null
  readonly pull: Pull | null
}

export interface Comment {
  readonly id: number
  readonly issue: Issue
  /** Null once the account is deleted. */
  author: Account | null
  readonly viaApp: App | null
  body: string
  readonly createdAt: string
  updatedAt: string
  lastEditedAt: string | null
  /** Why it is hidden. */
  minimised: string | null
}

export interface CheckRun {
  readonly id: number
  readonly repository: Repository
  readonly app: App
  readonly name: string
  readonly headSha: string
  externalId: string | null
  detailsUrl: string | null
  status: 'queued' | 'in_progress' | 'completed'
  conclusion: string | null
  readonly startedAt: string
  completedAt: string | null
  title: string | null
  summary: string | null
  text: string | null
  readonly annotations: object[]
}

export interface Status {
  readonly id: number
  readonly repository: Repository
  readonly sha: string
  readonly creator: Account
  readonly state: 'error' | 'failure' | 'pending' | 'success'
  readonly context: string
  readonly description: string | null
  readonly targetUrl: string | null
  readonly at: string
}

/** Somebody moved a branch. */
export interface Push {
  readonly id: number
  readonly repository: Repository
  readonly by: Account
  readonly ref: string
  readonly before: string
  readonly after: string
  readonly type: 'push' | 'force_push' | 'branch_creation' | 'pr_merge'
  readonly at: string
}

/** Everything that GitHub keeps, and whose the credentials are. */
export interface GithubState {
  readonly accounts: Account[]
  readonly apps: App[]
  readonly repositories: Repository[]
  /** Former full names that lead to a repository. */
  readonly formerNames: Map<string, Repository>
  readonly issues: Issue[]
  readonly comments: Comment[]
  readonly checkRuns: CheckRun[]
  readonly statuses: Status[]
  readonly pushes: Push[]
  readonly tokens: Map<string, Holder>
  /** Numbers that no other thing has. */
  nextId(): number
  /** GitHub counts whole seconds. */
  now(): string
}

/** Whose a token is. */
export interface Holder {
  readonly account: Account
  readonly app: App | null
}

/** A GitHub with nothing in it. */
export function githubState(now: () => number): GithubState {
  let last = 3_000_000_000
  return {
    ...{ accounts: [], apps: [], repositories: [], formerNames: new Map(), issues: [] },
    ...{ comments: [], checkRuns: [], statuses: [], pushes: [], tokens: new Map() },
    nextId: () => (last += 17),
    now: () => `${new Date(now()).toISOString().slice(0, 19)}Z`,
  }
}

/** owner/name. */
export function fullName({ owner, name }: Repository): string {
  return `${owner.login}/${name}`
}

let keys: { readonly privateKey: string; readonly publicKey: string } | undefined

/** Keys for an app; the same for all, since making them takes a while. */
export function appKeys(): { readonly privateKey: string; readonly publicKey: string } {
  keys ??= generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  return keys
}
