import { StringDecoder } from 'node:string_decoder'

/** An event of a `text/event-stream`, as the HTML standard reads it. */
export interface ServerSentEvent {
  readonly event: string
  readonly data: string
  /** The id in force when the event ended. */
  readonly id: string
}

/** What a stream tells on the way. */
export interface EventSink {
  onEvent(event: ServerSentEvent): void
  /** How long to wait before connecting again, in milliseconds. */
  onRetry(ms: number): void
}

/** Reads an event stream chunk by chunk; returns false from `push` once an event is over the limit. */
export class EventReader {
  readonly #decoder = new StringDecoder('utf8')
  readonly #sink: EventSink
  readonly #mostChars: number
  #rest = ''
  #data: string[] = []
  #chars = 0
  #event = ''
  #id = ''

  constructor(sink: EventSink, mostChars: number) {
    this.#sink = sink
    this.#mostChars = mostChars
  }

  push(chunk: Buffer): boolean {
    const text = this.#rest + this.#decoder.write(chunk)
    let start = text.charCodeAt(0) === 0xfeff ? 1 : 0
    for (let end = lineEnd(text, start); end !== -1; end = lineEnd(text, start)) {
      if (text[end] === '\r' && end === text.length - 1) break
      this.#line(text.slice(start, end))
      start = text.startsWith('\r\n', end) ? end + 2 : end + 1
    }
    this.#rest = text.slice(start)
    return this.#rest.length + this.#chars <= this.#mostChars
  }

  #line(line: string): void {
    if (line === '') this.#dispatch()
    if (line === '' || line.startsWith(':')) return
    const colon = line.indexOf(':')
    if (colon === -1) this.#field(line, '')
    else
      this.#field(line.slice(0, colon), line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1))
  }

  #field(field: string, value: string): void {
    if (field === 'data') {
      this.#data.push(value)
      this.#chars += value.length
    } else if (field === 'event') this.#event = value
    else if (field === 'id' && !value.includes('\0')) this.#id = value
    else if (field === 'retry' && /^\d{1,9}$/.test(value)) this.#sink.onRetry(Number(value))
  }

  #dispatch(): void {
    const event = { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id }
    this.#event = ''
    this.#data = []
    this.#chars = 0
    this.#sink.onEvent(event)
  }
}

function lineEnd(text: string, from: number): number {
  const lf = text.indexOf('\n', from)
  const cr = text.slice(from, lf === -1 ? undefined : lf).indexOf('\r')
  return cr === -1 ? lf : from + cr
}
