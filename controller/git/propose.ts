import type { Access } from './access.ts'
import { isCommitId } from './commit-facts.ts'
import { GitFailure } from './failure.ts'
import { makeCommit } from './make-commit.ts'
import type { Mirror } from './mirror.ts'
import { refusalOf } from './refusal.ts'
import type { RemoteUrl } from './remote-url.ts'
import type { ProposedCommit } from './repository.ts'

interface Target {
  readonly mirror: Mirror
  readonly url: RemoteUrl
  readonly access: Access
}

const pushTimeoutMs = 60_000

/** Makes the commit and pushes it as a new branch; nothing there is overwritten. */
export async function propose(
  { mirror, url, access }: Target,
  change: ProposedCommit,
  signal: AbortSignal,
): Promise<string> {
  refuse(change)
  const commit = await makeCommit(mirror, change, signal)
  const ref = `refs/heads/${change.branch}`
  try {
    await mirror.git(
      [
        'push',
        '--quiet',
        '--no-verify',
        `--force-with-lease=${ref}:`,
        url.href,
        `${commit}:${ref}`,
      ],
      { ...access, signal, timeoutMs: pushTimeoutMs },
    )
  } catch (error) {
    if (!(error instanceof GitFailure) || error.code !== 'git_failed') throw error
    if (/stale info|already exists|fetch first|non-fast-forward/.test(error.said)) {
      throw new GitFailure(
        'branch_exists',
        `There is a branch ${change.branch} already.`,
        error.said,
      )
    }
    throw new GitFailure('proposal_refused', refusalOf(error).message, error.said, { cause: error })
  }
  return commit
}

function refuse({ base, branch, files, author }: ProposedCommit): void {
  const reasons = [
    [!isCommitId(base), 'the base is no commit'],
    [!isBranch(branch), 'the branch is not named like writ/name'],
    [files.length === 0, 'nothing is changed'],
    [files.some(({ path }) => !isPath(path)), 'a path leads out of the repository'],
    [/[<>\n\0]/.test(author.name + author.email), 'the author has an unusual name'],
  ] as const
  const [reason] = reasons.filter(([holds]) => holds)
  if (reason !== undefined) {
    throw new GitFailure('proposal_refused', `The change cannot be proposed: ${reason[1]}.`)
  }
}

/** Under `writ/`, and nothing that git reads in another way. */
function isBranch(name: string): boolean {
  return (
    /^writ\/[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/.test(name) &&
    !name.includes('..') &&
    !name.endsWith('.lock') &&
    name.length <= 100
  )
}

function isPath(path: string): boolean {
  const parts = path.split('/')
  return (
    path.length <= 1024 &&
    !/[\p{Cc}\\]/u.test(path) &&
    parts.every(part => part !== '' && part !== '.' && part !== '..' && !/^\.git/i.test(part))
  )
}
