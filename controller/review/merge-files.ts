import type { SourceFile } from '../../policy/compile/source-file.ts'

/** What a merge would give: the files, or those that both sides changed. */
export type MergedFiles =
  | { readonly files: readonly SourceFile[] }
  | { readonly conflicts: readonly string[] }

interface Sides {
  /** What both sides began with. */
  readonly base: readonly SourceFile[]
  readonly ours: readonly SourceFile[]
  readonly theirs: readonly SourceFile[]
}

/**
 * The files that a merge gives, whole file by whole file: one that both sides changed, each in its own way, is a
 * conflict even where git would merge the lines, for nobody has looked at what comes out.
 */
export function mergedFiles({ base, ours, theirs }: Sides): MergedFiles {
  const [was, mine, yours] = [base, ours, theirs].map(
    files => new Map(files.map(file => [file.path, file.text])),
  )
  const paths = [...new Set([...ours, ...theirs, ...base].map(({ path }) => path))].sort()
  const files: SourceFile[] = []
  const conflicts: string[] = []
  for (const path of paths) {
    const [before, here, there] = [was?.get(path), mine?.get(path), yours?.get(path)]
    const text = there === before ? here : there
    if (there !== before && here !== before && here !== there) conflicts.push(path)
    else if (text !== undefined) files.push({ path, text })
  }
  return conflicts.length > 0 ? { conflicts } : { files }
}
