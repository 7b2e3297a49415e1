import type { SourceFile } from '../../policy/compile/source-file.ts'
import type { Problem } from '../../schemas/problem.ts'
import type { Snapshot } from '../sources/source.ts'
import { GitFailure } from './failure.ts'
import type { Git } from './git.ts'
import { followLink } from './links.ts'
import { printable } from './printable.ts'
import { refusalOf } from './refusal.ts'
import { blobsOf, entriesOf, objectsOf, type TreeEntry } from './tree.ts'

const mostFiles = 5000
const mostBytesOfLink = 4096

/** Most bytes of one file. */
export const mostBytesOfFile = 16 * 1024 * 1024

const mostBytes = 64 * 1024 * 1024

/**
 * The YAML files below a folder of a commit, read from the object store, sorted by path from the root of the
 * repository. What keeps one from being read is a problem. Folders whose name begins with a dot and
 * node_modules are passed over, and so are links to folders.
 */
export async function treeSnapshot(
  git: Git,
  commit: string,
  path: string,
  signal: AbortSignal,
): Promise<Snapshot> {
  try {
    return await read(git, commit, path, signal)
  } catch (error) {
    if (!(error instanceof GitFailure) || error.code === 'git_missing') throw error
    return { files: [], commit, problems: [problem(path || '.', refusalOf(error))] }
  }
}

async function read(
  git: Git,
  commit: string,
  path: string,
  signal: AbortSignal,
): Promise<Snapshot> {
  const entries = await entriesOf(git, commit, path, signal)
  const full = (name: string) => [path, name].filter(Boolean).join('/')
  if (entries === null) {
    return { files: [], commit, problems: [problem(path || '.', refusals.path_gone)] }
  }
  const seen = entries.filter(entry => !isPassedOver(entry.path))
  const submodules = seen.filter(({ kind }) => kind === 'submodule')
  const wanted = seen.filter(({ kind, path }) => kind !== 'submodule' && isPolicy(path))
  const links = await linksOf(git, seen, signal)
  const byPath = new Map(seen.map(entry => [entry.path, entry]))
  const found = wanted.map(entry => resolved(entry, byPath, links))
  const bounded = await withinBounds(git, found, signal)
  const blobs = await blobsOf(
    git,
    [...new Set(bounded.flatMap(({ id }) => (id === null ? [] : [id])))],
    mostBytes,
    signal,
  )
  const read = bounded.map(({ path, id, refusal }) => {
    const blob = id === null ? undefined : blobs.get(id)
    return fileOf(full(path), blob === undefined ? refusal : textOf(blob), commit)
  })
  return {
    files: read.filter(file => 'text' in file).sort((a, b) => (a.path < b.path ? -1 : 1)),
    commit,
    problems: [
      ...submodules.map(({ path }) => problem(full(path), refusals.submodule)),
      ...read.filter(file => 'code' in file),
    ],
  }
}

function isPassedOver(path: string): boolean {
  return path.split('/').some(part => part.startsWith('.') || part === 'node_modules')
}

function isPolicy(path: string): boolean {
  return /\.ya?ml$/i.test(path)
}

type Refusal = Pick<Problem, 'code' | 'message' | 'suggestion'>

/** A file that is to be read, or why it is not. */
interface Found {
  readonly path: string
  readonly id: string | null
  readonly refusal: Refusal
}

/** Where the links of a tree lead, as they are written. */
async function linksOf(
  git: Git,
  entries: readonly TreeEntry[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const links = entries.filter(({ kind }) => kind === 'link').slice(0, mostFiles)
  const ids = [...new Set(links.map(({ id }) => id))]
  const sizes = await objectsOf(git, ids, signal)
  const small = ids.filter((_, i) => (sizes[i]?.bytes ?? Infinity) <= mostBytesOfLink)
  const blobs = await blobsOf(git, small, small.length * mostBytesOfLink, signal)
  return new Map(links.map(({ path, id }) => [path, blobs.get(id)?.toString('utf8') ?? '/']))
}

function resolved(
  entry: TreeEntry,
  byPath: ReadonlyMap<string, TreeEntry>,
  links: ReadonlyMap<string, string>,
): Found {
  const { path } = entry
  if (hasOddName(path)) return { path, id: null, refusal: refusals.name_unusable }
  if (entry.kind === 'file') return { path, id: entry.id, refusal: refusals.file_too_large }
  const target = followLink(path, here => {
    const kind = byPath.get(here)?.kind
    if (kind === undefined || kind === 'submodule') return undefined
    return kind === 'link' ? (links.get(here) ?? '/') : null
  })
  if (target === 'outside') return { path, id: null, refusal: refusals.link_outside_source }
  const file = target === 'broken' ? undefined : byPath.get(target.path)
  return {
    path,
    id: file?.id ?? null,
    refusal: file ? refusals.file_too_large : refusals.link_broken,
  }
}

/** Control characters, characters that hide how a name reads, and bytes that were no text. */
function hasOddName(path: string): boolean {
  return path.length > 1024 || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\uFFFD\\]/u.test(path)
}

async function withinBounds(
  git: Git,
  found: readonly Found[],
  signal: AbortSignal,
): Promise<readonly Found[]> {
  const kept = found.slice(0, mostFiles)
  const ids = [...new Set(kept.flatMap(({ id }) => (id === null ? [] : [id])))]
  const objects = await objectsOf(git, ids, signal)
  const sizes = new Map(ids.map((id, i) => [id, objects[i]?.bytes ?? Infinity]))
  let room = mostBytes
  const bounded = kept.map(file => {
    const size = file.id === null ? 0 : (sizes.get(file.id) ?? Infinity)
    if (size > mostBytesOfFile) return { ...file, id: null, refusal: refusals.file_too_large }
    room -= size
    return room < 0 ? { ...file, id: null, refusal: refusals.too_many_bytes } : file
  })
  const [beyond] = found.slice(mostFiles)
  return beyond ? [...bounded, { ...beyond, id: null, refusal: refusals.too_many_files }] : bounded
}

function textOf(bytes: Buffer): string | Refusal {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return text.startsWith('version https://git-lfs.github.com/') ? refusals.lfs_pointer : text
  } catch {
    return refusals.file_not_utf8
  }
}

function fileOf(path: string, read: string | Refusal, commit: string): SourceFile | Problem {
  return typeof read === 'string' ? { path, text: read, commit } : problem(path, read)
}

function problem(path: string, refusal: Refusal): Problem {
  return { severity: 'error', file: printable(path, 512), line: 1, column: 1, ...refusal }
}

const refusals = {
  path_gone: {
    code: 'path_gone',
    message: 'There is no such folder in the commit.',
    suggestion: 'Push it, or name another folder as path.',
  },
  submodule: {
    code: 'submodule',
    message: 'A submodule is not followed: what it names can change without a commit here.',
    suggestion: 'Put the files themselves into the repository.',
  },
  link_outside_source: {
    code: 'link_outside_source',
    message: 'The link leads out of the source folder.',
    suggestion: 'Put the file itself into the folder.',
  },
  link_broken: { code: 'link_broken', message: 'The link leads to no file.' },
  name_unusable: {
    code: 'name_unusable',
    message: 'The name of the file holds characters that do not show, or is too long.',
    suggestion: 'Rename it.',
  },
  file_too_large: {
    code: 'file_too_large',
    message: `The file has more than ${mostBytesOfFile} bytes.`,
    suggestion: 'Split it, or move it out of the folder.',
  },
  too_many_files: {
    code: 'source_too_large',
    message: `There are more than ${mostFiles} files.`,
  },
  too_many_bytes: {
    code: 'source_too_large',
    message: `The files have more than ${mostBytes} bytes.`,
  },
  file_not_utf8: { code: 'file_not_utf8', message: 'The file is not UTF-8 text.' },
  lfs_pointer: {
    code: 'lfs_pointer',
    message: 'The file is kept in Git LFS, which is not asked.',
    suggestion: 'Put the file itself into the repository.',
  },
} satisfies Record<string, Refusal>
