import { createHash, type Hash, hash } from 'node:crypto'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { ProxyFailure } from '../failure.ts'
import type { Withhold } from '../withhold.ts'
import { headersBack } from './carried-headers.ts'
import { providerFailure } from './provider-failure.ts'
import type { UsageChunkFilter } from './usage-chunk-filter.ts'
import { UsageReader } from './usage-reader.ts'

/** How a provider's answer ended. */
export interface Relayed {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  /** Null when the answer came to its own end. */
  readonly failure: ProxyFailure | null
  /** Whether the client has been told anything of it. */
  readonly begun: boolean
  /** Bytes that came. */
  readonly bytes: number
  /** SHA-256 of what came, `sha256:` and hex. */
  readonly digest: string
  readonly stream: boolean
  readonly usage: UsageReader
  /** Hands the client the rest, once how it ended is on record. */
  finish(): void
}

export interface RelayOptions {
  readonly response: ServerResponse
  /** Takes the chunk out that the client did not ask for; null where there is none. */
  readonly filter: UsageChunkFilter | null
  /** More headers for the client. */
  readonly headers: Readonly<Record<string, string>>
  /** Called once the answer has begun: nothing is sent again from then on. */
  readonly began: () => void
  /** Takes the credential out of an error that says what it was sent. */
  readonly withhold: Withhold
  /** What a client is told whose stream broke off, in its dialect. */
  readonly broken: (failure: ProxyFailure) => string
  readonly done: (relayed: Relayed) => void
}

/** A longer answer that is no stream is passed on as it comes. */
const mostBuffered = 1024 * 1024
const tailBytes = 4096
const lineFeed = 0x0a

/**
 * Passes the answer of a provider on: the events of a stream as they come, at the pace of the client; any other answer as
 * one, so that nobody has it before it is on record.
 */
export class Relay implements Dispatcher.DispatchHandler {
  readonly #options: RelayOptions
  readonly #usage = new UsageReader()
  #controller: Dispatcher.DispatchController | null = null
  #abandoned: ProxyFailure | null = null
  #ended = false
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #stream = false
  #begun = false
  /** Whether the client takes no more for now. */
  #full = false
  /** Whether the last event that was passed on is whole. */
  #between = true
  #waiting: Buffer[] = []
  #bytes = 0
  #hash: Hash | null = null
  /** The end of an answer that was too long to be kept. */
  #tail: Buffer = Buffer.alloc(0)

  constructor(options: RelayOptions) {
    this.#options = options
  }

  /** Stops it, for the reason given. */
  abandon(why: ProxyFailure): void {
    this.#abandoned = why
    this.#controller?.abort(why)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#abandoned !== null) this.abandon(this.#abandoned)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return
    this.#status = status
    this.#headers = headers
    this.#stream = status < 400 && /^text\/event-stream\b/i.test(String(headers['content-type']))
    if (this.#stream) this.#begin()
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#stream) {
      this.#hashed.update(chunk)
      this.#pass(controller, this.#options.filter?.push(chunk) ?? chunk)
      this.#usage.push(chunk)
      return
    }
    this.#waiting.push(chunk)
    if (this.#bytes > mostBuffered) this.#overflow(controller, chunk)
  }

  onResponseEnd(): void {
    this.#end(null)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end(providerFailure(error))
  }

  get #hashed(): Hash {
    this.#hash ??= createHash('sha256')
    return this.#hash
  }

  /** Too long to be kept: it goes on as it comes, but for an error, of which nobody needs more. */
  #overflow(controller: Dispatcher.DispatchController, last: Buffer): void {
    if (this.#status >= 400) {
      controller.abort(
        new ProxyFailure('upstream_too_large', 'the error of the provider is too long'),
      )
      return
    }
    if (!this.#begun) this.#begin()
    this.#tail = Buffer.concat([this.#tail, last]).subarray(-tailBytes)
    for (const chunk of this.#waiting.splice(0)) {
      this.#hashed.update(chunk)
      this.#pass(controller, chunk)
    }
  }

  #begin(): void {
    const { response, headers } = this.#options
    this.#begun = true
    this.#options.began()
    if (response.destroyed) return
    response.writeHead(this.#status, { ...this.#headersBack(), ...headers })
    response.flushHeaders()
  }

  #headersBack(): Record<string, string | string[]> {
    const headers = headersBack(this.#headers)
    if (this.#status < 400) return headers
    const { withhold } = this.#options
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        typeof value === 'string' ? withhold(value) : value.map(withhold),
      ]),
    )
  }

  #pass(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { response } = this.#options
    if (chunk.length === 0 || response.destroyed) return
    this.#between = endsEvent(chunk)
    if (response.write(chunk) || this.#full) return
    this.#full = true
    controller.pause()
    response.once('drain', () => {
      this.#full = false
      controller.resume()
    })
  }

  #end(failure: ProxyFailure | null): void {
    if (this.#ended) return
    this.#ended = true
    const whole = this.#begun ? null : joined(this.#waiting)
    if (whole === null && !this.#stream) this.#usage.tail(this.#tail, this.#bytes)
    if (whole !== null) {
      if (failure === null) this.#usage.whole(whole)
    }
    this.#options.done({
      status: this.#status,
      failure,
      begun: this.#begun,
      bytes: this.#bytes,
      digest: `sha256:${whole === null ? this.#hashed.digest('hex') : hash('sha256', whole)}`,
      stream: this.#stream,
      usage: this.#usage,
      finish: () => this.#finish(failure, whole),
    })
  }

  #finish(failure: ProxyFailure | null, whole: Buffer | null): void {
    const { response, filter, headers, broken } = this.#options
    if (response.destroyed) return
    if (whole !== null) {
      const told = this.#status < 400 ? whole : discreetBytes(whole, this.#options.withhold)
      const length = { 'content-length': told.length }
      response.writeHead(this.#status, { ...this.#headersBack(), ...headers, ...length })
      response.end(told)
    } else if (failure === null) response.end(filter?.end())
    // Who reads events understands one more; in the midst of one, and of any other answer, it must show that it is not whole.
    else if (this.#stream && this.#between) response.end(broken(failure))
    else response.destroy()
  }
}

/** The bytes themselves where there is nothing to take out. */
function discreetBytes(bytes: Buffer, withhold: Withhold): Buffer {
  const text = bytes.toString('latin1')
  const told = withhold(text)
  return told === text ? bytes : Buffer.from(told, 'latin1')
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)
}

function endsEvent(chunk: Buffer): boolean {
  return chunk.at(-1) === lineFeed && (chunk.at(-2) === lineFeed || chunk.at(-3) === lineFeed)
}
