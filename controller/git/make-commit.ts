import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Git } from './git.ts'
import type { Mirror } from './mirror.ts'
import type { ProposedCommit } from './repository.ts'

/** A commit on another one, or on nothing. */
export interface NewCommit extends Pick<ProposedCommit, 'files' | 'message' | 'author'> {
  readonly base: string | null
}

/** Makes a commit out of nothing but objects: no file of a work tree is touched. Its names and texts are not checked here. */
export async function makeCommit(
  { git, home }: Mirror,
  change: NewCommit,
  signal: AbortSignal,
): Promise<string> {
  const { base, files, message, author } = change
  const index = join(home.folder, `index-${process.hrtime.bigint()}`)
  const env = { GIT_INDEX_FILE: index }
  try {
    await git(['read-tree', base ?? '--empty'], { signal, env })
    const input = await entriesOf(git, files, signal)
    if (input !== '') await git(['update-index', '-z', '--index-info'], { signal, env, input })
    const tree = await git(['write-tree', '--missing-ok'], { signal, env })
    const parent = base === null ? [] : ['-p', base]
    const commit = await git(['commit-tree', tree.toString('utf8').trim(), ...parent], {
      signal,
      input: `${message.trim()}\n`,
      env: identity(author),
    })
    return commit.toString('utf8').trim()
  } finally {
    await rm(index, { force: true })
  }
}

/** Lines of `git update-index --index-info` that put the files where they belong. */
async function entriesOf(
  git: Git,
  files: NewCommit['files'],
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

function identity({ name, email }: NewCommit['author']): Readonly<Record<string, string>> {
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  }
}
