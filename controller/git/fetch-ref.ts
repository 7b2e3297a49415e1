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

/** Fetches one reference into the mirror, with as little history as does; its commit, or why not. */
export async function fetchRef(
  mirror: Mirror,
  url: RemoteUrl,
  access: Access,
  ref: FetchedRef,
  signal: AbortSignal,
): Promise<{ readonly commit: string } | { readonly problem: GitProblem }> {
  await mirror.prepare(signal)
  const known = await mirror.git(['for-each-ref', '--count=1'], { signal })
  const first = await attempt(mirror, url, access, ref, known.length > 0 ? null : depth, signal)
  if (!('problem' in first) || first.problem.code !== 'source_too_large') return first
  await mirror.clear()
  await mirror.prepare(signal)
  return attempt(mirror, url, access, ref, 1, signal)
}

async function attempt(
  { git }: Mirror,
  url: RemoteUrl,
  access: Access,
  { from, to }: FetchedRef,
  commits: number | null,
  signal: AbortSignal,
): Promise<{ readonly commit: string } | { readonly problem: GitProblem }> {
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
