import { GitFailure } from './failure.ts'
import type { Git } from './git.ts'
import type { ChangedFile } from './repository.ts'
import { objectsOf } from './tree.ts'

/** Whether a commit has another one among those before it, as far as they are here. */
export async function follows(
  git: Git,
  before: string,
  commit: string,
  signal: AbortSignal,
): Promise<boolean> {
  return (await mergeBaseOf(git, before, commit, signal)) === before
}

/** The newest commit that both have, or null. */
export async function mergeBaseOf(
  git: Git,
  a: string,
  b: string,
  signal: AbortSignal,
): Promise<string | null> {
  const objects = await objectsOf(git, [a, b], signal)
  if (objects.some(object => object?.type !== 'commit')) return null
  try {
    const answer = await git(['merge-base', a, b], { signal })
    return answer.toString('utf8').trim() || null
  } catch (error) {
    // Git ends with an error and says nothing when there is none.
    if (error instanceof GitFailure && error.code === 'git_failed' && error.said === '') return null
    throw error
  }
}

/** Files that differ between two commits, sorted by path. */
export async function changedBetween(
  git: Git,
  a: string,
  b: string,
  signal: AbortSignal,
): Promise<readonly ChangedFile[]> {
  const answer = await git(
    ['diff-tree', '-r', '-z', '--no-renames', '--no-ext-diff', '--name-status', a, b],
    { signal, mostBytes: 32 * 1024 * 1024 },
  )
  const words = answer.toString('utf8').split('\0').slice(0, -1)
  return Array.from({ length: words.length / 2 }, (_, i) => ({
    path: words[i * 2 + 1] ?? '',
    change: changes.get(words[i * 2] ?? '') ?? 'changed',
  }))
}

const changes: ReadonlyMap<string, ChangedFile['change']> = new Map([
  ['A', 'added'],
  ['D', 'removed'],
])
