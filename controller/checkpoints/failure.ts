/** Why checkpoints were not published. */
export type CheckpointLogFailureCode =
  | 'unreachable'
  /** What is published is not what the store has: one of the two was replaced. */
  | 'copies_differ'

/** Checkpoints could not be published; what was published stays. */
export class CheckpointLogFailure extends Error {
  override readonly name = 'CheckpointLogFailure'
  readonly code: CheckpointLogFailureCode

  constructor(code: CheckpointLogFailureCode, message: string) {
    super(message)
    this.code = code
  }
}
