import type { SourceFile } from '../../policy/compile/source-file.ts'
import type { ChangeSource } from '../change/proposal.ts'
import type { Answer, Compiler } from '../compile/compiler.ts'

/** The files that policies are written in: as they are now, as they were, and how a change of them is proposed. */
export interface WrittenPolicies {
  /** The files as the source has them now; null when there are no files, as where policies are objects. */
  now(signal: AbortSignal): Promise<readonly SourceFile[] | null>
  /** The files as they were at a commit; null when that is not known here. */
  at(commit: string, signal: AbortSignal): Promise<readonly SourceFile[] | null>
  /** Where a change is proposed; null when nothing can be. */
  target(signal: AbortSignal): Promise<ChangeSource | null>
  /** What the files come to, compiled as those in force are. Rejects with a ControllerFailure, `too_busy` among others. */
  compile(files: readonly SourceFile[], signal: AbortSignal): Promise<Answer>
  /** What changes between two states. Rejects with a ControllerFailure, `too_busy` among others. */
  readonly plan: Compiler['plan']
}
