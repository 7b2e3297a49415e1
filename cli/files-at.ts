import { statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { GitFailure } from '../controller/git/failure.ts'
import { snapshotOf } from '../controller/git/snapshot-of.ts'
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
  const all: SourceFile[] = []
  for (const path of paths) all.push(...(await filesOf(path, ref)))
  return [...new Map(all.map(file => [file.path, file])).values()]
}

async function filesOf(path: string, ref: string): Promise<readonly SourceFile[]> {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isDirectory() === false
  const folder = isFile ? dirname(path) : path
  const { files, problems } = await snapshotOf(folder, ref, signal).catch(cause => {
    if (!(cause instanceof GitFailure)) throw cause
    const message = `there is no path ${ref}, and ${cause.message}`
    throw new CliFailure('unreadable', message, '', { cause })
  })
  const [problem] = problems
  if (problem !== undefined) {
    throw new CliFailure('unreadable', `${problem.file} at ${ref}: ${problem.message}`)
  }
  // The folder of a file is listed whole, and nothing in it but the file is meant.
  return isFile ? files.filter(file => isIn(folder, file.path, basename(resolve(path)))) : files
}

/** Whether a path from the root of a repository is that of the file of a name in a folder of it. */
function isIn(folder: string, path: string, name: string): boolean {
  const parts = resolve(folder).split('/')
  const above = dirname(path) === '.' ? [] : dirname(path).split('/')
  return basename(path) === name && above.every((part, i) => part === parts.at(i - above.length))
}
