/** Codes are the contract; what git says is not passed on unless it is made printable. */
export type GitFailureCode =
  /** Git ended with an error; `said` holds what it wrote. */
  | 'git_failed'
  | 'git_missing'
  | 'output_too_large'
  | 'timeout'
  | 'commit_unknown'
  | 'branch_exists'
  | 'proposal_refused'
  | 'url_unusable'
  | 'signer_unusable'

/** Git did not do what it was asked. */
export class GitFailure extends Error {
  override readonly name = 'GitFailure'
  readonly code: GitFailureCode
  /** What git wrote about it, cut off after some thousand characters; may hold what a server sent. */
  readonly said: string

  constructor(code: GitFailureCode, message: string, said = '', options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.said = said
  }
}
