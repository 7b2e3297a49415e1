/** Why a command could not do its work; tests match on the code, never on the text. */
export type CliFailureCode =
  | 'usage'
  | 'unreadable'
  /** Something is there that would be overwritten. */
  | 'exists'
  | 'unwritable'
  | 'controller_unreachable'
  | 'controller_refused'
  | 'cluster_unreachable'
  | 'cluster_refused'
  | 'port_in_use'
  | 'data_in_use'
  | 'data_unusable'
  | 'login_failed'

/** A command that could not do its work: one sentence, and what to do about it. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure'
  readonly code: CliFailureCode
  /** What to do; empty when the message says it. */
  readonly remedy: string

  constructor(code: CliFailureCode, message: string, remedy = '', options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.remedy = remedy
  }
}
