/** Codes are the contract: tests, logs and the decision whether to try again match on them, never on text. */
export type ForgeFailureCode =
  /** A secret is not there, or is not what it should be. */
  | 'misconfigured'
  /** The credentials are not taken. */
  | 'unauthorized'
  /** The credentials do not reach that far. */
  | 'forbidden'
  | 'not_found'
  /** The repository is called something else now; its new name has to be written down by a person. */
  | 'moved'
  /** The forge does not want what was sent. */
  | 'refused'
  | 'rate_limited'
  /** The forge answers that it does not work. */
  | 'unavailable'
  | 'unreachable'
  | 'timed_out'
  /** The answer is not what it should be. */
  | 'malformed'

/** The forge did not do what was asked. The text is shown to people and never holds a credential. */
export class ForgeFailure extends Error {
  override readonly name = 'ForgeFailure'
  readonly code: ForgeFailureCode
  /** How long to stay away, for `rate_limited` where the forge says so. */
  readonly waitMs: number | null

  constructor(code: ForgeFailureCode, message: string, waitMs: number | null = null) {
    super(message)
    this.code = code
    this.waitMs = waitMs
  }
}
