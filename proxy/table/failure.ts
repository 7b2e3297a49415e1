/** Codes are the contract: tests, logs and metrics match on them, never on text. */
export type TableFailureCode =
  | 'release_malformed'
  | 'unknown_key'
  | 'bad_signature'
  | 'rollback'
  | 'digest_mismatch'
  | 'table_malformed'
  | 'revocations_malformed'
  | 'halts_malformed'
  | 'identity_malformed'
  | 'foreign_namespace'

/** A release or a table that this proxy does not accept; the last good one stands. */
export class TableFailure extends Error {
  override readonly name = 'TableFailure'
  readonly code: TableFailureCode

  constructor(code: TableFailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
