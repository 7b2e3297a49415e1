import { GitFailure } from './failure.ts'
import type { Git } from './git.ts'
import { printable } from './printable.ts'
import type { PolicyCommit } from './repository.ts'
import { objectsOf } from './tree.ts'

/** A commit larger than this says nothing that is shown. */
const mostBytesOfCommit = 1024 * 1024

/** What git prints of each commit; no commit holds the bytes between. */
const format = '%H%x00%an%x00%ae%x00%ct%x00%s'
const fields = 5

/** What a commit says of itself. Fails with `commit_unknown`. */
export async function commitFacts(
  git: Git,
  id: string,
  signal: AbortSignal,
): Promise<PolicyCommit> {
  const [object] = isCommitId(id) ? await objectsOf(git, [id], signal) : [null]
  if (object?.type !== 'commit') throw new GitFailure('commit_unknown', 'the commit is not here')
  if (object.bytes > mostBytesOfCommit) return factsOf([id])
  const [facts] = await shown(git, ['--max-count=1', id], signal)
  return facts ?? factsOf([id])
}

/** The commits of `to` that `from` has not, newest first; all when `from` is null. */
export async function commitsBetween(
  git: Git,
  from: string | null,
  to: string,
  most: number,
  signal: AbortSignal,
): Promise<readonly PolicyCommit[]> {
  if (!isCommitId(to) || (from !== null && !isCommitId(from))) {
    throw new GitFailure('commit_unknown', 'the commit is not here')
  }
  return shown(git, [`--max-count=${most}`, to, ...(from === null ? [] : [`^${from}`])], signal)
}

async function shown(
  git: Git,
  args: readonly string[],
  signal: AbortSignal,
): Promise<readonly PolicyCommit[]> {
  const text = await git(
    [
      'log',
      '--no-show-signature',
      '--no-color',
      '--no-mailmap',
      '-z',
      `--format=${format}`,
      ...args,
    ],
    { signal },
  )
  const words = text.toString('utf8').split('\0').slice(0, -1)
  return Array.from({ length: words.length / fields }, (_, i) =>
    factsOf(words.slice(i * fields, (i + 1) * fields)),
  )
}

/** Whether a text is the whole name of a commit. */
export function isCommitId(text: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text)
}

function factsOf([
  id = '',
  author = '',
  email = '',
  seconds = '',
  subject = '',
]: readonly string[]): PolicyCommit {
  const time = new Date(Number(seconds) * 1000)
  return {
    id,
    author: printable(author, 100),
    authorEmail: printable(email, 200),
    time: (Number.isNaN(time.getTime()) ? new Date(0) : time).toISOString(),
    subject: printable(subject, 200),
  }
}
