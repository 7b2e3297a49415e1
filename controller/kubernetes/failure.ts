/** Codes are the contract: tests, logs and retries match on them, never on text. */
export type KubeFailureCode =
  /** No connection, or no answer in time. */
  | 'unreachable'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  /** Somebody else wrote first. */
  | 'conflict'
  | 'already_exists'
  /** What is asked for is older than what the API server remembers. */
  | 'gone'
  | 'invalid'
  /** Too many requests, or an error of the API server itself: later it may work. */
  | 'busy'
  | 'refused'
  /** The configuration names no API server that can be used. */
  | 'unconfigured'

/** The API server did not do what it was asked. */
export class KubeFailure extends Error {
  override readonly name = 'KubeFailure'
  readonly code: KubeFailureCode

  constructor(code: KubeFailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Whether the error is a failure of one of these codes. */
export function failedWith(error: unknown, ...codes: readonly KubeFailureCode[]): boolean {
  return error instanceof KubeFailure && codes.includes(error.code)
}
