import { stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { SourceFile } from '../../policy/compile/source-file.ts'
import { GitFailure } from '../git/failure.ts'
import { gitIn } from '../git/git.ts'
import { openGitHome } from '../git/git-home.ts'
import { objectsOf } from '../git/tree.ts'
import { treeSnapshot } from '../git/tree-snapshot.ts'
import { workTreeOf } from '../sources/git.ts'

/** The policy files that a folder or file of a work tree had at a commit; null when there is no such commit. */
export async function localFilesAt(
  path: string,
  commit: string,
  { home, signal }: { readonly home: string; readonly signal: AbortSignal },
): Promise<readonly SourceFile[] | null> {
  const root = resolve(path)
  const isFile = await stat(root).then(
    stats => stats.isFile(),
    () => false,
  )
  const tree = await workTreeOf(isFile ? dirname(root) : root, signal)
  if (tree === null || !/^[0-9a-f]{40,64}$/.test(commit)) return null
  const { gitFolder, prefix } = tree
  const git = gitIn(gitFolder, await openGitHome(home, [gitFolder, dirname(gitFolder)]))
  try {
    const [found] = await objectsOf(git, [`${commit}^{commit}`], signal)
    if (!found) return null
    const { files } = await treeSnapshot(git, found.id, prefix, signal)
    const only = join(prefix, basename(root))
    return isFile ? files.filter(file => file.path === only) : files
  } catch (error) {
    if (error instanceof GitFailure) return null
    throw error
  }
}
