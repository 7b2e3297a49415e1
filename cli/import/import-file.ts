import { type Compiled, compile, type SourceFile } from '../../policy/compile/compile.ts'
import { readDocuments } from '../../policy/compile/yaml/read-documents.ts'
import { type Imported, importPortable } from '../../policy/translate/import-portable.ts'

/** A file that was imported, and what the compiler says before and after. */
export interface ImportedFile extends Imported {
  /** What is wrong with the file; nothing is imported when any of it is an error. */
  readonly before: Compiled
  /** What is wrong with what it became, together with what stands beside it. */
  readonly after: Compiled
  readonly files: readonly SourceFile[]
}

/** Imports a portable file that stands beside other policies. */
export function importFile(
  file: SourceFile,
  { beside, namespace }: { readonly beside: readonly SourceFile[]; readonly namespace: string },
): ImportedFile {
  const before = compile([file, ...beside], { namespace })
  const imported = importPortable(file, {
    ...(namespace !== 'default' && { namespace }),
    known: namesIn(beside, namespace),
    problems: before.problems.filter(problem => problem.file === file.path),
  })
  const files = [{ path: '<imported>', text: imported.text }, ...beside]
  return { ...imported, before, after: compile(files, { namespace }), files }
}

/** What is written down in a namespace, as `Kind name`. */
function namesIn(files: readonly SourceFile[], namespace: string): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { value } of files.flatMap(file => readDocuments(file).documents)) {
    const { kind, metadata }: { kind?: unknown; metadata?: unknown } = Object(value)
    const { name, namespace: own = namespace }: Partial<Record<string, unknown>> = Object(metadata)
    if (own === namespace) names.add(`${kind} ${name}`)
  }
  return names
}
