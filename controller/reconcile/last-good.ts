import type { SourceFile } from '../../policy/compile/compile.ts'

/** Files that compiled, and the commit that they were at. */
export interface GoodFiles {
  readonly files: readonly SourceFile[]
  readonly commit: string | null
}

/** The files that are in force, as long as this process runs. */
export interface LastGood {
  /** Null until the first are. */
  current(): GoodFiles | null
  keep(good: GoodFiles): void
}

/** Remembers nothing yet. */
export function lastGood(): LastGood {
  let kept: GoodFiles | null = null
  return {
    current: () => kept,
    keep(good) {
      kept = good
    },
  }
}
