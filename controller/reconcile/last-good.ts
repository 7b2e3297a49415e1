import type { SourceFile } from '../../policy/compile/compile.ts'

/** The files that are in force, as long as this process runs. */
export interface LastGood {
  /** Null until the first are. */
  files(): readonly SourceFile[] | null
  keep(files: readonly SourceFile[]): void
}

/** Remembers nothing yet. */
export function lastGood(): LastGood {
  let kept: readonly SourceFile[] | null = null
  return {
    files: () => kept,
    keep(files) {
      kept = files
    },
  }
}
