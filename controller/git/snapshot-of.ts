import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { workTreeOf } from '../sources/git.ts'
import type { Snapshot } from '../sources/source.ts'
import { GitFailure } from './failure.ts'
import { gitIn } from './git.ts'
import { openGitHome } from './git-home.ts'
import { objectsOf } from './tree.ts'
import { treeSnapshot } from './tree-snapshot.ts'

/**
 * The policies below a folder of a local work tree as a commit has them; `ref` is what git takes for one: a
 * branch, a tag, `HEAD~1`. Paths are as a local source names them. Nothing is fetched and no file is touched.
 * Fails with `commit_unknown` when there is no repository or no such commit.
 */
export async function snapshotOf(
  folder: string,
  ref: string,
  signal: AbortSignal,
): Promise<Snapshot> {
  const tree = await workTreeOf(folder, signal)
  if (tree === null) throw unknown(`${folder} is in no git repository`)
  const home = await mkdtemp(join(tmpdir(), 'writ-git-'))
  try {
    const git = gitIn(folder, await openGitHome(home, ['*']))
    const local: typeof git = (args, call) =>
      git(args, { ...call, env: { GIT_DIR: tree.gitFolder, ...call.env } })
    // A line break would ask about two names; a colon would name a file.
    const [commit] = /^[^\s:\p{Cc}]+$/u.test(ref)
      ? await objectsOf(local, [`${ref}^{commit}`], signal)
      : []
    if (commit == null) throw unknown(`git knows no commit ${ref}`)
    return await treeSnapshot(local, commit.id, tree.prefix, signal)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

function unknown(message: string): GitFailure {
  return new GitFailure('commit_unknown', message)
}
