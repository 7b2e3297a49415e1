import type { Dirent, Stats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'

/** A file found in a folder, or why it is not read. */
export interface Found {
  /** Relative to the folder, with slashes. */
  readonly path: string
  readonly bytes: number
  /** Changes when the content may have. */
  readonly version: string
  readonly refused?: 'outside' | 'not_a_file'
}

const policyFile = /\.ya?ml$/i

/** More files than this are not listed. */
export const mostFiles = 10_000

/**
 * YAML files under a folder, sorted by path. Folders whose name begins with a dot, node_modules and links to folders are passed over; a link to a file is
 * followed as long as it stays inside. A single file stands for a folder that holds only it. What is gone is empty.
 */
export async function walk(root: string, signal: AbortSignal): Promise<readonly Found[]> {
  const base = await realpath(root).catch(absent)
  if (base === null) return []
  const self = await stat(base)
  if (self.isFile()) return [found('', self)]
  const files: Found[] = []
  const folders = [base]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal.throwIfAborted()
    const entries = (await readdir(folder, { withFileTypes: true }).catch(absent)) ?? []
    folders.push(...entries.filter(isWalked).map(({ name }) => join(folder, name)))
    for (const entry of entries.filter(isPolicy)) {
      const file = await look(base, join(folder, entry.name))
      if (file !== null) files.push(file)
    }
    if (files.length > mostFiles) break
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

function isWalked(entry: Dirent): boolean {
  return entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules'
}

function isPolicy(entry: Dirent): boolean {
  return policyFile.test(entry.name) && !entry.name.startsWith('.') && !entry.isDirectory()
}

async function look(base: string, path: string): Promise<Found | null> {
  const target = await realpath(path).catch(absent)
  if (target === null) return null
  const name = relative(base, path).split(sep).join('/')
  if (!target.startsWith(base.endsWith(sep) ? base : base + sep)) {
    return { path: name, bytes: 0, version: target, refused: 'outside' }
  }
  const stats = await stat(target).catch(absent)
  if (stats === null) return null
  if (!stats.isFile()) return { path: name, bytes: 0, version: '', refused: 'not_a_file' }
  return found(name, stats)
}

function found(path: string, { size, mtimeMs, ctimeMs, ino }: Stats): Found {
  return { path, bytes: size, version: `${ino} ${size} ${mtimeMs} ${ctimeMs}` }
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
  throw error
}
