import type { ServerResponse } from 'node:http'

const mostEvents = 256
const mostChars = 4 * 1024 * 1024
const mostUnsent = 16 * 1024 * 1024

/** Headers of an event stream that nothing on the way may hold back or keep. */
export const streamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
} as const

/**
 * Writes one event; a reader too slow for the limit is cut off rather than waited for. Line breaks in
 * JSON are only ever space between its parts, and in an event they would end the line.
 */
export function writeEvent(response: ServerResponse, json: string, id = ''): void {
  if (response.destroyed || response.writableEnded) return
  response.write(
    `event: message\n${id === '' ? '' : `id: ${id}\n`}data: ${json.replace(/[\r\n]+/g, ' ')}\n\n`,
  )
  if (response.writableLength > mostUnsent) response.destroy()
}

/** A stream of messages that a client can take up again where it broke off. Bounded: the oldest are forgotten. */
export class ReplayStream {
  readonly #name: string
  #events: { readonly seq: number; readonly json: string }[] = []
  #chars = 0
  #lastSeq = 0
  #sentSeq = 0
  #ended = false
  #reader: ServerResponse | null = null

  /** The name must not hold a dash. */
  constructor(name: string) {
    this.#name = name
  }

  push(json: string): void {
    const seq = ++this.#lastSeq
    this.#events.push({ seq, json })
    this.#chars += json.length
    while (this.#events.length > mostEvents || this.#chars > mostChars) {
      this.#chars -= this.#events.shift()?.json.length ?? 0
    }
    if (this.#reader !== null) this.#send(this.#reader, seq, json)
  }

  /** Gives the reader what came after `afterSeq` and then what comes; an earlier reader is let go. */
  attach(response: ServerResponse, afterSeq: number): void {
    this.#reader?.end()
    this.#reader = response
    response.once('close', () => {
      if (this.#reader === response) this.#reader = null
    })
    for (const { seq, json } of this.#events) {
      if (seq > afterSeq) this.#send(response, seq, json)
    }
    if (this.#ended) response.end()
  }

  /** Keeps the connection from looking dead. */
  breathe(): void {
    const reader = this.#reader
    if (reader !== null && !reader.destroyed) reader.write(': \n\n')
  }

  end(): void {
    this.#ended = true
    this.#reader?.end()
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Number of the newest message that any reader was sent. */
  get sent(): number {
    return this.#sentSeq
  }

  /** Whether some reader was sent everything so far. */
  get caughtUp(): boolean {
    return this.#sentSeq === this.#lastSeq
  }

  #send(response: ServerResponse, seq: number, json: string): void {
    this.#sentSeq = Math.max(this.#sentSeq, seq)
    writeEvent(response, json, `${this.#name}-${seq}`)
  }
}
