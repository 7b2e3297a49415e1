/** Codes are the contract: tests and logs match on them, never on text. */
export type AdmissionFailureCode =
  /** What should serve the webhooks is no certificate with its key. */
  | 'certificate_unusable'
  /** The file that says what sidecars are like cannot be used. */
  | 'injection_unusable'

/** Webhooks cannot be served as they were asked for. */
export class AdmissionFailure extends Error {
  override readonly name = 'AdmissionFailure'
  readonly code: AdmissionFailureCode

  constructor(code: AdmissionFailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
