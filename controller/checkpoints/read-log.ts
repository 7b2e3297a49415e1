import type { Git } from '../git/git.ts'
import { blobsOf, entriesOf, objectsOf } from '../git/tree.ts'
import { CheckpointLogFailure } from './failure.ts'
import { type LogFile, logFolder, newestPath } from './log-files.ts'

const mostBytes = 8 * 1024 * 1024

/** The file of the log that was written last in a commit; null when there is none. */
export async function readNewestFile(
  git: Git,
  commit: string,
  signal: AbortSignal,
): Promise<LogFile | null> {
  const entries = (await entriesOf(git, commit, logFolder, signal)) ?? []
  const newest = newestPath(entries.filter(({ kind }) => kind === 'file').map(({ path }) => path))
  const entry = entries.find(({ path }) => path === newest)
  if (newest === null || entry === undefined) return null
  const path = `${logFolder}/${newest}`
  const [object] = await objectsOf(git, [entry.id], signal)
  if (object == null || object.bytes > mostBytes) {
    throw new CheckpointLogFailure('copies_differ', `${path} is no file of the log`)
  }
  const blobs = await blobsOf(git, [entry.id], object.bytes, signal)
  return { path, text: blobs.get(entry.id)?.toString('utf8') ?? '' }
}
