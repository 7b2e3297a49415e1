import { type Compiled, compile, type SourceFile } from '../policy/compile/compile.ts'
import type { PriceCatalogue } from '../schemas/price-catalogue.ts'
import { lineReader, many, problemText } from './problem-text.ts'
import { readSources } from './source-files.ts'
import type { Sink, Terminal } from './terminal.ts'

/** What the paths hold, compiled. */
export interface CompiledSources extends Compiled {
  readonly files: readonly SourceFile[]
}

/** Reads and compiles what the paths name; documents that name no namespace are in the given one. */
export async function compileSources(
  paths: readonly string[],
  namespace: string,
  terminal: Terminal,
  prices?: PriceCatalogue,
): Promise<CompiledSources> {
  terminal.progress('reading policies')
  const files = await readSources(paths, terminal)
  terminal.progress(`compiling ${many(files.length, 'file')}`)
  const compiled = compile(files, { namespace, ...(prices !== undefined && { prices }) })
  terminal.progress(null)
  return { ...compiled, files }
}

/** Prints the problems, each with its line. */
export function printProblems({ files, problems }: CompiledSources, sink: Sink): void {
  const lineOf = lineReader(files)
  for (const problem of problems) sink.line(problemText(problem, lineOf(problem), sink))
}
