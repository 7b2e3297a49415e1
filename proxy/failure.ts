/** Codes are the contract: tests, logs, records and metrics match on them, never on text. */
export type ProxyFailureCode =
  | 'upstream_unreachable'
  | 'upstream_refused'
  | 'upstream_lost'
  | 'upstream_timeout'
  | 'upstream_garbage'
  | 'upstream_too_large'
  | 'upstream_stopped'
  | 'secret_missing'
  | 'unauthorized'
  | 'cancelled'

/** Something outside the proxy did not work; a call that a rule refuses is not a failure. */
export class ProxyFailure extends Error {
  override readonly name = 'ProxyFailure'
  readonly code: ProxyFailureCode

  constructor(code: ProxyFailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  /** Whether the server may have acted although no answer came: such a call must not be sent again. */
  get mayHaveActed(): boolean {
    return !nothingSent.has(this.code)
  }
}

const nothingSent: ReadonlySet<ProxyFailureCode> = new Set([
  'upstream_unreachable',
  'upstream_refused',
  'secret_missing',
  'unauthorized',
])
