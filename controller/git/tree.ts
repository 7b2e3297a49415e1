import { GitFailure } from './failure.ts'
import type { Git } from './git.ts'

/** An entry of a tree: a file, a link, or a commit of another repository. */
export interface TreeEntry {
  /** Relative to the folder that was listed. Not checked: it may hold anything but a zero byte. */
  readonly path: string
  readonly id: string
  readonly kind: 'file' | 'link' | 'submodule'
}

/** Listings beyond this are not read: a few small objects can stand for any number of files. */
const mostBytesOfListing = 32 * 1024 * 1024

/** Every entry below a folder of a commit, or null when there is no such folder. Paths that are no UTF-8 come with replacement characters. */
export async function entriesOf(
  git: Git,
  commit: string,
  path: string,
  signal: AbortSignal,
): Promise<readonly TreeEntry[] | null> {
  const [object] = await objectsOf(git, [`${commit}:${path}`], signal)
  if (object?.type !== 'tree') return null
  const listing = await git(['ls-tree', '-r', '-z', object.id], {
    signal,
    mostBytes: mostBytesOfListing,
  })
  return listing
    .toString('utf8')
    .split('\0')
    .flatMap(line => {
      const [, mode = '', id = '', name = ''] = /^(\d+) \w+ ([0-9a-f]+)\t(.+)$/s.exec(line) ?? []
      return name === '' ? [] : [{ path: name, id, kind: kindOf(mode) }]
    })
}

function kindOf(mode: string): TreeEntry['kind'] {
  if (mode === '160000') return 'submodule'
  return mode === '120000' ? 'link' : 'file'
}

/** An object by a name of it. */
export interface GitObject {
  readonly id: string
  readonly type: string
  readonly bytes: number
}

/** What each name stands for, or null for what is not here. Names hold no line breaks. */
export async function objectsOf(
  git: Git,
  names: readonly string[],
  signal: AbortSignal,
): Promise<readonly (GitObject | null)[]> {
  if (names.length === 0) return []
  const answer = await git(['cat-file', '--batch-check'], {
    signal,
    input: `${names.join('\n')}\n`,
    mostBytes: 16 * 1024 * 1024,
  })
  const lines = answer.toString('utf8').split('\n').slice(0, -1)
  if (lines.length !== names.length) throw new GitFailure('git_failed', 'git lost an answer')
  return lines.map(line => {
    const [, id = '', type = '', bytes = ''] = /^([0-9a-f]{40,64}) (\w+) (\d+)$/.exec(line) ?? []
    return id === '' ? null : { id, type, bytes: Number(bytes) }
  })
}

/** The bytes of blobs by their ids; all are here, and together have `bytes`. */
export async function blobsOf(
  git: Git,
  ids: readonly string[],
  bytes: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buffer>> {
  if (ids.length === 0) return new Map()
  const answer = await git(['cat-file', '--batch'], {
    signal,
    input: `${ids.join('\n')}\n`,
    mostBytes: bytes + ids.length * 100,
  })
  const blobs = new Map<string, Buffer>()
  for (let at = 0; at < answer.length; ) {
    const end = answer.indexOf(10, at)
    const [id = '', type, size] = answer.toString('latin1', at, end).split(' ')
    if (end < 0 || type !== 'blob') throw new GitFailure('git_failed', 'git lost a blob')
    blobs.set(id, answer.subarray(end + 1, end + 1 + Number(size)))
    at = end + 2 + Number(size)
  }
  return blobs
}
