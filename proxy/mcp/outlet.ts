import type { ServerResponse } from 'node:http'
import type { Answer, Reach } from './exchange.ts'
import { type ReplayStream, streamHeaders, writeEvent } from './replay-stream.ts'

/** Where the messages of a stream go: to a stream that can be taken up again, or to this response alone. */
export interface OutletNeeds {
  readonly response: ServerResponse
  /** Opens the stream that keeps the messages; absent for clients without a session. */
  readonly openStream?: () => ReplayStream
  readonly headers?: Readonly<Record<string, string>>
  /** Called when the response is over, whether it was finished or the client went away. */
  readonly onGone?: () => void
}

const patienceMs = 10_000

/**
 * The response to a POST. It becomes plain JSON, unless something has to be said before the answer
 * or the answer takes long: then it becomes an event stream. A batch is answered once all are.
 */
export class Outlet implements Reach {
  readonly #needs: OutletNeeds
  readonly #batch: boolean
  readonly #answers: string[] = []
  #awaited: number
  #stream: ReplayStream | null = null
  #streaming = false
  #skipped = false
  #timer: NodeJS.Timeout

  constructor(needs: OutletNeeds, awaited: number, batch: boolean) {
    this.#needs = needs
    this.#awaited = awaited
    this.#batch = batch
    this.#timer = setInterval(() => this.#breathe(), patienceMs)
    needs.response.on('close', () => this.#rest())
  }

  get reachable(): boolean {
    return !this.#needs.response.destroyed
  }

  /** What a stream keeps is delivered once a client has taken it up again. */
  get delivered(): boolean {
    if (this.#awaited > 0 || this.#skipped) return false
    return this.#stream?.caughtUp ?? this.#needs.response.writableFinished
  }

  /** Sends a message ahead of the answer. */
  say(json: string): void {
    this.#startStreaming()
    this.#write(json)
  }

  answer({ json, status = 200 }: Answer): void {
    if (this.#streaming) this.#write(json)
    else this.#answers.push(json)
    this.#settle(status)
  }

  /** Settles a request that nobody waits for any more. */
  skip(): void {
    this.#skipped = true
    this.#settle(202)
  }

  #settle(status: number): void {
    if (--this.#awaited > 0) return
    clearInterval(this.#timer)
    if (this.#streaming) this.#end()
    else this.#endPlainly(status)
  }

  #endPlainly(status: number): void {
    const { response, headers } = this.#needs
    if (response.destroyed) return
    if (this.#answers.length === 0) {
      response.writeHead(202, headers).end()
      return
    }
    const [first = ''] = this.#answers
    const body = this.#batch ? `[${this.#answers.join(',')}]` : first
    const own = ['content-type', 'application/json', 'content-length', Buffer.byteLength(body)]
    const all = headers === undefined ? own : own.concat(...Object.entries(headers))
    response.writeHead(status, all).end(body)
  }

  #startStreaming(): void {
    if (this.#streaming) return
    this.#streaming = true
    const { response, openStream, headers } = this.#needs
    if (!response.destroyed) response.writeHead(200, { ...streamHeaders, ...headers })
    this.#stream = openStream?.() ?? null
    this.#stream?.attach(response, 0)
    for (const json of this.#answers) this.#write(json)
  }

  #write(json: string): void {
    if (this.#stream !== null) this.#stream.push(json)
    else writeEvent(this.#needs.response, json)
  }

  #end(): void {
    if (this.#stream !== null) this.#stream.end()
    else this.#needs.response.end()
  }

  #breathe(): void {
    this.#startStreaming()
    if (this.#stream !== null) this.#stream.breathe()
    else this.#needs.response.write(': \n\n')
  }

  /** A client that is gone is not spoken to; what has a stream goes on for its return. */
  #rest(): void {
    clearInterval(this.#timer)
    this.#needs.onGone?.()
  }
}
