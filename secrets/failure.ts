/** Codes are the contract: tests, logs and metrics match on them, never on text. */
export type SecretsFailureCode =
  /** What a person said about secrets cannot be meant. */
  | 'setting_unusable'
  /** A file that others may write or read, or that is no plain file. */
  | 'file_unsafe'
  /** What was found is no text, or too long. */
  | 'value_unusable'
  | 'key_missing'
  | 'key_unusable'
  /** The store was encrypted with another key. */
  | 'key_wrong'
  /** The store is not as it was written. */
  | 'store_damaged'
  | 'store_in_use'
  | 'vault_unreachable'
  | 'vault_refused'
  | 'kubernetes_unreachable'
  | 'kubernetes_refused'

/** A secret that cannot be looked up or kept. The message names places, never values. */
export class SecretsFailure extends Error {
  override readonly name = 'SecretsFailure'
  readonly code: SecretsFailureCode

  constructor(code: SecretsFailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
