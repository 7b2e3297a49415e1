import type { Access } from './access.ts'
import { GitFailure } from './failure.ts'
import type { GitProblem } from './git-problem.ts'
import type { Mirror } from './mirror.ts'
import { refusalOf } from './refusal.ts'
import type { RemoteUrl } from './remote-url.ts'
import { objectsOf } from './tree.ts'
import { mostBytesOfFile } from './tree-snapshot.ts'

/** A reference there, and the name under which it is kept here. */
export interface FetchedRef {
  readonly from: string
  readonly to: string
}

/** Commits fetched at first; later fetches bring all that came since. */
const depth = 100

const fetchTimeoutMs = 90_000

/** What came of one fetch. */
type Got = { readonly commit: string } | { readonly problem: GitProblem }

/** Where a mirror is fetched from. */
export interface Origin {
  readonly mirror: Mirror
  readonly url: RemoteUrl
  readonly access: Access
}

/**
 * Fetches the branch that is in force, with as little history as does; its commit, or why not. When what came
 * since does not fit, everything is dropped and the newest commit alone is fetched.
 */
export async function fetchBranch(origin: Origin, from: string, signal: AbortSignal): Promise<Got> {
  const { mirror } = origin
  const ref = { from, to: branchRef }
  await mirror.prepare(signal)
  const first = await attempt(origin, ref, (await isEmpty(mirror, signal)) ? depth : null, signal)
  if (!('problem' in first) || first.problem.code !== 'source_too_large') return first
  await mirror.clear()
  await mirror.prepare(signal)
  return attempt(origin, ref, 1, signal)
}

/** Fetches something that anybody may have written. It never costs what is there of the branch. */
export async function fetchBeside(
  origin: Origin,
  branch: string,
  ref: FetchedRef,
  signal: AbortSignal,
): Promise<Got> {
  const { mirror } = origin
  await mirror.prepare(signal)
  if (await isEmpty(mirror, signal)) {
    const first = await fetchBranch(origin, branch, signal)
    if ('problem' in first) return first
  }
  return attempt(origin, ref, null, signal)
}

const branchRef = 'refs/writ/branch'

async function isEmpty({ git }: Mirror, signal: AbortSignal): Promise<boolean> {
  return (await git(['for-each-ref', '--count=1', branchRef], { signal })).length === 0
}

async function attempt(
  { mirror: { git }, url, access }: Origin,
  { from, to }: FetchedRef,
  commits: number | null,
  signal: AbortSignal,
): Promise<Got> {
  const limit = commits === null ? [] : [`--depth=${commits}`]
  try {
    await git([...fetchArguments, ...limit, 'origin', `+${from}:${to}`], {
      ...access,
      signal,
      timeoutMs: fetchTimeoutMs,
      config: [...(access.config ?? []), ...remoteConfig(url)],
    })
    const [object] = await objectsOf(git, [`${to}^{commit}`], signal)
    return object == null ? { problem: broken } : { commit: object.id }
  } catch (error) {
    if (error instanceof GitFailure) return { problem: refusalOf(error) }
    throw error
  }
}

const fetchArguments = [
  'fetch',
  '--quiet',
  '--no-tags',
  '--no-write-fetch-head',
  '--no-auto-maintenance',
  '--no-recurse-submodules',
  '--no-show-forced-updates',
]

/**
 * Files that are too large are left out where the server can do that. Only fetches know the remote: when a file
 * is read that was left out, git does not go and get it.
 */
function remoteConfig(url: RemoteUrl): readonly (readonly [string, string])[] {
  return [
    ['remote.origin.url', url.href],
    ['remote.origin.promisor', 'true'],
    ['remote.origin.partialCloneFilter', `blob:limit=${mostBytesOfFile + 1}`],
  ]
}

const broken: GitProblem = {
  code: 'history_broken',
  message: 'The branch names no commit.',
  suggestion: 'Run `git fsck` there, and push what is missing.',
}
