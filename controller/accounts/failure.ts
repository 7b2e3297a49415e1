/** Codes are the contract: answers and tests match on them, never on text. */
export type AccountFailureCode =
  | 'username_taken'
  | 'username_unusable'
  | 'password_unusable'
  | 'unknown_account'
  | 'last_owner'
  | 'link_unusable'
  | 'busy'

/** An account was not made or changed, and why. */
export class AccountFailure extends Error {
  override readonly name = 'AccountFailure'
  readonly code: AccountFailureCode

  constructor(code: AccountFailureCode, message: string) {
    super(message)
    this.code = code
  }
}
