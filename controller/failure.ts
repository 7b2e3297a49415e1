/** Codes are the contract: tests, logs and metrics match on them, never on text. */
export type ControllerFailureCode =
  | 'data_in_use'
  | 'tokens_unusable'
  | 'store_failed'
  | 'signing_key_unusable'
  | 'signing_key_differs'
  | 'checkpoint_key_unusable'
  /** Checkpoints on the store are signed with another key, which does not vouch for this one. */
  | 'checkpoint_key_differs'
  | 'fenced'
  | 'source_unreadable'
  | 'source_busy'
  | 'compile_failed'
  | 'plan_failed'
  | 'entry_malformed'
  | 'sequence_conflict'
  | 'too_many_proxies'
  | 'too_many_questions'
  | 'question_conflict'
  | 'budget_outdated'
  | 'window_closed'
  | 'run_ended'
  | 'run_unknown'
  | 'lease_conflict'
  /** Another pod used the name of the proxy first. */
  | 'foreign_proxy'
  /** Nobody can say whose a token is now. */
  | 'identity_unavailable'
  /** A change cannot be proposed where the source is. */
  | 'change_refused'
  /** Too many ask at once. */
  | 'too_busy'

/** Something the controller needs does not work; what is in force stays in force. */
export class ControllerFailure extends Error {
  override readonly name = 'ControllerFailure'
  readonly code: ControllerFailureCode

  constructor(code: ControllerFailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
