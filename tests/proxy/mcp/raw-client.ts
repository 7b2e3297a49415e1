import { type IncomingMessage, request } from 'node:http'

/** A JSON-RPC message as far as tests look into it. */
export interface Said {
  readonly id?: unknown
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
  readonly result?: {
    readonly [field: string]: unknown
    readonly content?: readonly { readonly text: string }[]
    readonly isError?: boolean
    readonly structuredContent?: Readonly<Record<string, unknown>>
    readonly tools?: readonly { readonly name: string; readonly inputSchema: object }[]
  }
}

export interface RawAnswer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly text: string
  /** The last JSON message, whether the body is JSON or an event stream. */
  readonly message: Said
}

/** Sends bytes as they are, Host included. */
export function send(
  url: URL,
  headers: Record<string, string>,
  body: string | Buffer,
  method = 'POST',
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers }, answer => {
      const chunks: Buffer[] = []
      answer.on('data', chunk => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const data = text.split('\n').filter(line => line.startsWith('data: '))
        const json = data.at(-1)?.slice(6) ?? text
        const message: Said = /^[[{]/.test(json) ? JSON.parse(json) : {}
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, message })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** A client with a session that says exactly what a test wants. */
export class RawClient {
  readonly url: URL
  readonly key: string
  session = ''
  #lastId = 0

  constructor(url: URL, key: string) {
    this.url = url
    this.key = key
  }

  static async open(
    url: URL,
    key: string,
    { protocolVersion = '2025-11-25', capabilities = {} } = {},
  ): Promise<RawClient> {
    const client = new RawClient(url, key)
    const clientInfo = { name: 'raw', version: '1' }
    const params = { protocolVersion, capabilities, clientInfo }
    const { headers } = await client.post({
      jsonrpc: '2.0',
      id: 'init',
      method: 'initialize',
      params,
    })
    client.session = String(headers['mcp-session-id'])
    await client.post({ jsonrpc: '2.0', method: 'notifications/initialized' })
    return client
  }

  get headers(): Record<string, string> {
    return {
      authorization: `Bearer ${this.key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(this.session === '' ? {} : { 'mcp-session-id': this.session }),
    }
  }

  post(body: object | string | Buffer, headers: Record<string, string> = {}): Promise<RawAnswer> {
    const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
    return send(this.url, { ...this.headers, ...headers }, bytes)
  }

  /** Sends a request with a fresh id. */
  async ask(method: string, params: object = {}): Promise<Said> {
    const { message } = await this.post({ jsonrpc: '2.0', id: ++this.#lastId, method, params })
    return message
  }

  call(name: string, args: object = {}, more: object = {}): Promise<Said> {
    return this.ask('tools/call', { name, arguments: args, ...more })
  }

  /** Calls a tool and returns how to hang up. */
  abandon(name: string, args: object): () => void {
    const outgoing = request(this.url, { method: 'POST', headers: this.headers })
    outgoing.on('error', () => undefined)
    const params = { name, arguments: args }
    outgoing.end(
      JSON.stringify({ jsonrpc: '2.0', id: ++this.#lastId, method: 'tools/call', params }),
    )
    return () => outgoing.destroy()
  }

  /** Opens an event stream; resolves once its headers are there. */
  listen(headers: Record<string, string> = {}): Promise<EventTap> {
    return new Promise((resolve, reject) => {
      const all = { ...this.headers, accept: 'text/event-stream', ...headers }
      const outgoing = request(this.url, { method: 'GET', headers: all }, answer => {
        resolve(new EventTap(answer, () => outgoing.destroy()))
      })
      outgoing.on('error', reject)
      outgoing.end()
    })
  }

  /** Posts a request and gives its event stream as it comes. */
  stream(body: object): Promise<EventTap> {
    return new Promise((resolve, reject) => {
      const outgoing = request(this.url, { method: 'POST', headers: this.headers }, answer => {
        resolve(new EventTap(answer, () => outgoing.destroy()))
      })
      outgoing.on('error', reject)
      outgoing.end(JSON.stringify(body))
    })
  }
}

/** The events of a stream, one after the other. */
export class EventTap {
  readonly status: number
  readonly #close: () => void
  readonly #answer: IncomingMessage
  readonly #waiting: ((event: TapEvent) => void)[] = []
  readonly #events: TapEvent[] = []
  #rest = ''

  constructor(answer: IncomingMessage, close: () => void) {
    this.status = answer.statusCode ?? 0
    this.#close = close
    this.#answer = answer
    answer.on('error', () => undefined)
    answer.on('data', chunk => this.#push(String(chunk)))
  }

  /** Resolves to the next event with data. */
  next(): Promise<TapEvent> {
    const event = this.#events.shift()
    if (event !== undefined) return Promise.resolve(event)
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  close(): void {
    this.#close()
  }

  /** Calls the listener when the other side ends the stream. */
  onEnd(listener: () => void): void {
    this.#answer.once('end', listener)
  }

  #push(text: string): void {
    const blocks = (this.#rest + text).split('\n\n')
    this.#rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) =>
        block
          .split('\n')
          .find(line => line.startsWith(`${name}: `))
          ?.slice(name.length + 2)
      const data = field('data')
      if (data === undefined) continue
      const event = { id: field('id') ?? '', message: JSON.parse(data) }
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#events.push(event)
      else waiting(event)
    }
  }
}

export interface TapEvent {
  readonly id: string
  readonly message: Said
}
