import { statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { GitFailure } from '../controller/git/failure.ts'
import { type Git, gitIn } from '../controller/git/git.ts'
import { openGitHome } from '../controller/git/git-home.ts'
import { objectsOf } from '../controller/git/tree.ts'
import { treeSnapshot } from '../controller/git/tree-snapshot.ts'
import { workTreeOf } from '../controller/sources/git.ts'
import type { SourceFile } from '../policy/compile/compile.ts'
import { CliFailure } from './failure.ts'

const signal = new AbortController().signal

/**
 * The policy files that folders and files of a work tree have in one of its commits; nothing is checked out. Fails with
 * `unreadable` where there is no such commit, or a file in it cannot be read.
 */
export async function filesAt(
  paths: readonly string[],
  ref: string,
): Promise<readonly SourceFile[]> {
  const home = await mkdtemp(join(tmpdir(), 'writ-git-'))
  try {
    const all: SourceFile[] = []
    for (const path of paths) all.push(...(await filesOf(path, ref, home)))
    return [...new Map(all.map(file => [file.path, file])).values()]
  } catch (cause) {
    if (!(cause instanceof GitFailure)) throw cause
    throw new CliFailure('unreadable', `cannot read ${ref}: ${cause.message}`, '', { cause })
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

async function filesOf(path: string, ref: string, home: string): Promise<readonly SourceFile[]> {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isDirectory() === false
  const folder = isFile ? dirname(path) : path
  const tree = await workTreeOf(folder, signal)
  if (tree === null) {
    throw new CliFailure('unreadable', `${folder} is in no git repository, so it has no ${ref}`)
  }
  const git = gitIn(
    tree.gitFolder,
    await openGitHome(home, [tree.gitFolder, dirname(tree.gitFolder)]),
  )
  const commit = await commitOf(git, ref)
  const { files, problems } = await treeSnapshot(git, commit, tree.prefix, signal)
  const [problem] = problems
  if (problem !== undefined) {
    throw new CliFailure('unreadable', `${problem.file} at ${ref}: ${problem.message}`)
  }
  const name = [tree.prefix, path.slice(path.lastIndexOf('/') + 1)].filter(Boolean).join('/')
  return isFile ? files.filter(file => file.path === name) : files
}

/** The commit of a branch, a tag or an id. */
async function commitOf(git: Git, ref: string): Promise<string> {
  const wellFormed = /^[\w][\w./@{}^~+-]{0,255}$/.test(ref)
  const [found] = wellFormed ? await objectsOf(git, [`${ref}^{commit}`], signal) : []
  if (found) return found.id
  throw new CliFailure('unreadable', `there is no commit, branch or path ${ref}`)
}
