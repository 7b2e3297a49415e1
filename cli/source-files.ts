import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { text } from 'node:stream/consumers'
import type { SourceFile } from '../policy/compile/compile.ts'
import { CliFailure } from './failure.ts'
import type { Terminal } from './terminal.ts'

/** Past this many bytes a file is no policy; the compiler has a smaller limit of its own. */
const mostBytes = 64 * 1024 * 1024

/**
 * The policy files that the paths name: files as they are, folders with every .yaml and .yml below
 * them, `-` for standard input. Fails with `unreadable` for a path that cannot be read.
 */
export async function readSources(
  paths: readonly string[],
  { input }: Pick<Terminal, 'input'>,
): Promise<readonly SourceFile[]> {
  const sources: SourceFile[] = []
  for (const path of paths) {
    if (path === '-') sources.push({ path: '<stdin>', text: await text(input) })
    else sources.push(...pathsBelow(path).map(file => ({ path: file, text: readText(file) })))
  }
  return [...new Map(sources.map(source => [source.path, source])).values()]
}

/** The text of a file, or of standard input for `-`. */
export async function readInput(path: string, { input }: Pick<Terminal, 'input'>): Promise<string> {
  return path === '-' ? await text(input) : readText(path)
}

function pathsBelow(path: string): readonly string[] {
  const found = attempt(path, () => statSync(path))
  if (!found.isDirectory()) return [normalize(path)]
  const files = attempt(path, () => policyFiles(path))
  if (files.length > 0) return files
  throw new CliFailure('unreadable', `${path} holds no .yaml or .yml file`)
}

function policyFiles(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true })
  return entries
    .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return policyFiles(path)
      // A named pipe would be waited for.
      const isFile = entry.isFile() || entry.isSymbolicLink()
      return isFile && /\.ya?ml$/.test(entry.name) ? [path] : []
    })
}

function readText(path: string): string {
  return attempt(path, () => {
    const { size } = statSync(path)
    if (size > mostBytes) throw new CliFailure('unreadable', `${path} is larger than 64 MiB`)
    return readFileSync(path, 'utf8')
  })
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof CliFailure) throw error
    throw new CliFailure('unreadable', `cannot read ${path}: ${reason(error)}`, '', {
      cause: error,
    })
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ELOOP: 'too many symbolic links',
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return reasons[code] ?? (error instanceof Error ? error.message : String(error))
}
