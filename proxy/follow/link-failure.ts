/** Codes are the contract: tests, logs and metrics match on them, never on text. */
type LinkFailureCode = 'controller_unreachable' | 'controller_refused' | 'token_unreadable'

/** The controller could not be reached, or it refused; `status` is then its HTTP status. */
export class LinkFailure extends Error {
  override readonly name = 'LinkFailure'
  readonly code: LinkFailureCode
  readonly status: number

  constructor(code: LinkFailureCode, message: string, status = 0, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.status = status
  }
}
