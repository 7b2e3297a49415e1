/** Codes are the contract: tests, logs and the decision whether to try again match on them, never on text. */
export type ChannelFailureCode =
  /** Nothing is sent to channels of this type. */
  | 'unavailable'
  /** What the channel needs is not there: a secret, an address. */
  | 'misconfigured'
  | 'unreachable'
  /** It answered that it does not want the message. */
  | 'refused'
  /** It answered that it will never want one again. */
  | 'gone'
  /** Whom it is for is no longer asked. */
  | 'not_asked'

/** A channel could not be told. The text is shown on the request and never holds a credential. */
export class ChannelFailure extends Error {
  override readonly name = 'ChannelFailure'
  readonly code: ChannelFailureCode

  constructor(code: ChannelFailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Whether another try could go better. */
export function mayRetry({ code }: ChannelFailure): boolean {
  return code !== 'unavailable' && code !== 'gone' && code !== 'not_asked'
}
