import { existsSync } from 'node:fs'
import type { Policies } from '../controller/replay/replay.ts'
import type { SourceFile } from '../policy/compile/compile.ts'
import { compile } from '../policy/compile/compile.ts'
import { type CompiledSources, printProblems } from './compile-sources.ts'
import { filesAt } from './files-at.ts'
import { many, problemCounts } from './problem-text.ts'
import { readSources } from './source-files.ts'
import type { Terminal } from './terminal.ts'

/** Policies in files. */
export interface Place {
  readonly paths: readonly string[]
  /** A commit or branch of the repository that the paths are in, or a path instead of them; null for files as they are. */
  readonly ref: string | null
}

/** What is written at a place, compiled; null, with the problems printed, when it does not compile. */
export async function policiesAt(
  { paths, ref }: Place,
  namespace: string,
  terminal: Terminal,
): Promise<Policies | null> {
  terminal.progress('reading policies')
  const files = await filesOf(paths, ref, terminal)
  terminal.progress(`compiling ${many(files.length, 'file')}`)
  const compiled: CompiledSources = { ...compile(files, { namespace }), files }
  terminal.progress(null)
  const { tables, directories, problems } = compiled
  if (tables !== null) {
    return { tables: new Map([...tables].map(([name, { json }]) => [name, json])), directories }
  }
  printProblems(compiled, terminal.err)
  terminal.err.line(`${ref ?? paths.join(' ')} does not compile: ${problemCounts(problems)}`)
  return null
}

async function filesOf(
  paths: readonly string[],
  ref: string | null,
  terminal: Terminal,
): Promise<readonly SourceFile[]> {
  if (ref === null) return readSources(paths, terminal)
  return existsSync(ref) ? readSources([ref], terminal) : filesAt(paths, ref)
}
