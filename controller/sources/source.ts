import type { SourceFile } from '../../policy/compile/source-file.ts'
import type { Problem } from '../../schemas/problem.ts'

/** A place policies come from. */
export interface Source {
  /**
   * Everything that is written there now. Rejects with a ControllerFailure when it cannot be read, which
   * is not the same as empty: a folder that is gone is empty. Rejects with an AbortError when aborted.
   */
  fetch(signal: AbortSignal): Promise<Snapshot>
}

/** Files as they were at one moment. */
export interface Snapshot {
  /** Sorted by path. */
  readonly files: readonly SourceFile[]
  /** Commit that is checked out, when there is one. */
  readonly commit?: string
  /** What kept a file from being read. */
  readonly problems: readonly Problem[]
}
