/** Codes are the contract: tests, logs and metrics match on them, never on text. */
export type JournalFailureCode =
  | 'journal_locked'
  | 'journal_full'
  | 'journal_broken'
  | 'journal_closed'
  | 'entry_too_large'
  | 'chain_key_unusable'

/** The journal cannot keep an entry, so the call it belongs to must not happen. */
export class JournalFailure extends Error {
  override readonly name = 'JournalFailure'
  readonly code: JournalFailureCode

  constructor(code: JournalFailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
