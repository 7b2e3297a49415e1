import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Access } from './access.ts'
import { isCommitId } from './commit-facts.ts'
import { GitFailure } from './failure.ts'
import type { Git } from './git.ts'
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
  const commit = await makeCommit(mirror.git, mirror.home.folder, change, signal)
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

/** Makes a commit out of nothing but objects: no file of a work tree is touched. Fails with `proposal_refused` when a name is not taken. */
async function makeCommit(
  git: Git,
  folder: string,
  change: ProposedCommit,
  signal: AbortSignal,
): Promise<string> {
  refuse(change)
  const index = join(folder, `index-${process.hrtime.bigint()}`)
  const env = { GIT_INDEX_FILE: index }
  try {
    await git(['read-tree', change.base], { signal, env })
    const input = await entriesOf(git, change, signal)
    if (input !== '') await git(['update-index', '-z', '--index-info'], { signal, env, input })
    const tree = await git(['write-tree', '--missing-ok'], { signal, env })
    const commit = await git(['commit-tree', tree.toString('utf8').trim(), '-p', change.base], {
      signal,
      input: `${change.message.trim()}\n`,
      env: identity(change.author),
    })
    return commit.toString('utf8').trim()
  } finally {
    await rm(index, { force: true })
  }
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

/** Lines of `git update-index --index-info` that put the files where they belong. */
async function entriesOf(
  git: Git,
  { files }: ProposedCommit,
  signal: AbortSignal,
): Promise<string> {
  const lines: string[] = []
  for (const { path, text } of files) {
    lines.push(
      text === null
        ? `0 ${'0'.repeat(40)}\t${path}\0`
        : `100644 ${await blobOf(git, text, signal)}\t${path}\0`,
    )
  }
  return lines.join('')
}

async function blobOf(git: Git, text: string, signal: AbortSignal): Promise<string> {
  // Nothing to read would leave git waiting for more.
  const from = text === '' ? ['--no-filters', '/dev/null'] : ['--stdin']
  const id = await git(['hash-object', '-w', ...from], { signal, input: text })
  return id.toString('utf8').trim()
}

function identity({ name, email }: ProposedCommit['author']): Readonly<Record<string, string>> {
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  }
}
