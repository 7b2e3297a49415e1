import type { AnswerEvent } from './answer-event.ts'
import type { DialectError } from './error-body.ts'

/** Writes one answer in the words of a dialect. */
export interface AnswerWriter {
  /** What a stream begins with. */
  start(): string
  /** The server-sent events for an event of the answer; empty when it gives none. */
  write(event: AnswerEvent): string
  /** What a stream ends with when the provider broke off. */
  broken(error: DialectError): string
  /** The whole answer, once `finish` was written. */
  whole(): object
}

/** What every answer carries besides its content. */
export interface AnswerFrame {
  /** Without a prefix. */
  readonly id: string
  /** Seconds since the epoch. */
  readonly created: number
  /** The name that the client asked for. */
  readonly model: string
  readonly newId: () => string
}

/** A server-sent event with a name. */
export function namedEvent(data: {
  readonly type: string
  readonly [name: string]: unknown
}): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
}
