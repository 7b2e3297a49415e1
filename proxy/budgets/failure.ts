/** Codes are the contract: tests and logs match on them, never on text. */
type LeaseFailureCode = 'controller_away' | 'request_refused' | 'answer_malformed'

/** The controller did not answer about leases, or not in a way that can be used. */
export class LeaseFailure extends Error {
  override readonly name = 'LeaseFailure'
  readonly code: LeaseFailureCode

  constructor(code: LeaseFailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
