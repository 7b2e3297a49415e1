import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from '../mcp/world.ts'

/** A request as a provider got it. */
interface Got {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
  /** Settles when the connection is closed before the answer has ended. */
  readonly hungUp: Promise<void>
}

/** What a provider does with a request. */
export type Script = (got: Got, response: ServerResponse) => unknown

export interface FakeProvider {
  /** Up to the version. */
  readonly url: string
  readonly got: Got[]
  script: Script
  close(): void
}

/** A real HTTP server that answers as a test says. */
export async function fakeProvider(t: Test, script: Script): Promise<FakeProvider> {
  const http = createServer((request, response) => {
    receive(request).then(
      text => {
        const hungUp = once(response, 'close').then(() => undefined)
        const body = text === '' ? {} : JSON.parse(text)
        const { method = '', url = '', headers } = request
        const got: Got = { method, url, headers, text, body, hungUp }
        provider.got.push(got)
        provider.script(got, response)
      },
      () => response.destroy(),
    )
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const close = () => {
    http.close()
    http.closeAllConnections()
  }
  t.teardown(close)
  const provider: FakeProvider = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/v1`,
    got: [],
    script,
    close,
  }
  return provider
}

async function receive(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** Answers in JSON. */
export function json(response: ServerResponse, body: unknown, status = 200, headers = {}): void {
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify(body))
}

/** Begins an event stream. */
export function stream(response: ServerResponse, headers = {}): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers })
  response.flushHeaders()
}

/** Writes one event. */
export function event(response: ServerResponse, data: unknown, name?: string): void {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  response.write(`${name === undefined ? '' : `event: ${name}\n`}data: ${text}\n\n`)
}

const chunk = (delta: object, finish: string | null = null) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'gpt-x-2026',
  choices: [{ index: 0, delta, finish_reason: finish }],
  usage: null,
})

/** What OpenAI answers to a chat completion: words, then the usage if it was asked for. */
export function chat(words: readonly string[]): Script {
  return ({ body }, response) => {
    const usage = {
      prompt_tokens: 11,
      completion_tokens: words.length,
      total_tokens: 11 + words.length,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 1 },
    }
    if (body.stream !== true) {
      const message = { role: 'assistant', content: words.join(''), refusal: null }
      const choices = [{ index: 0, message, finish_reason: 'stop', logprobs: null }]
      const frame = { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-x-2026' }
      json(response, { ...frame, choices, usage }, 200, { 'x-request-id': 'req-1' })
      return
    }
    stream(response, { 'x-request-id': 'req-1' })
    event(response, chunk({ role: 'assistant', content: '' }))
    for (const content of words) event(response, chunk({ content }))
    event(response, chunk({}, 'stop'))
    const options = Object(body.stream_options)
    if (options.include_usage === true) event(response, { ...chunk({}), choices: [], usage })
    event(response, '[DONE]')
    response.end()
  }
}

/** What OpenAI answers to a chat completion with a call of a tool. */
export function chatToolCall(name: string, args: object): Script {
  const text = JSON.stringify(args)
  return ({ body }, response) => {
    const call = { id: 'call_1', type: 'function', function: { name, arguments: text } }
    const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 }
    if (body.stream !== true) {
      const message = { role: 'assistant', content: null, tool_calls: [call] }
      const choices = [{ index: 0, message, finish_reason: 'tool_calls' }]
      const frame = { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-x-2026' }
      json(response, { ...frame, choices, usage })
      return
    }
    stream(response)
    const first = { index: 0, ...call, function: { name, arguments: '' } }
    event(response, chunk({ role: 'assistant', content: null, tool_calls: [first] }))
    for (const part of [text.slice(0, 5), text.slice(5)]) {
      event(response, chunk({ tool_calls: [{ index: 0, function: { arguments: part } }] }))
    }
    event(response, chunk({}, 'tool_calls'))
    event(response, { ...chunk({}), choices: [], usage })
    event(response, '[DONE]')
    response.end()
  }
}

/** What OpenAI's responses API answers. */
export function responses(words: readonly string[]): Script {
  return ({ body }, response) => {
    const text = words.join('')
    const part = { type: 'output_text', text, annotations: [] }
    const item = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [part],
    }
    const usage = {
      input_tokens: 12,
      input_tokens_details: { cached_tokens: 5 },
      output_tokens: words.length,
      output_tokens_details: { reasoning_tokens: 2 },
      total_tokens: 12 + words.length,
    }
    const frame = {
      id: 'resp_1',
      object: 'response',
      created_at: 1,
      model: 'gpt-x-2026',
      tools: [],
    }
    const done = { ...frame, status: 'completed', output: [item], usage, error: null }
    if (body.stream !== true) return json(response, done)
    stream(response)
    let sequence = 0
    const say = (type: string, more: object) =>
      event(response, { type, sequence_number: sequence++, ...more }, type)
    const begun = { ...frame, status: 'in_progress', output: [], usage: null, error: null }
    say('response.created', { response: begun })
    say('response.output_item.added', {
      output_index: 0,
      item: { ...item, status: 'in_progress', content: [] },
    })
    const at = { item_id: 'msg_1', output_index: 0, content_index: 0 }
    say('response.content_part.added', { ...at, part: { ...part, text: '' } })
    for (const delta of words) say('response.output_text.delta', { ...at, delta, logprobs: [] })
    say('response.output_text.done', { ...at, text, logprobs: [] })
    say('response.content_part.done', { ...at, part })
    say('response.output_item.done', { output_index: 0, item })
    say('response.completed', { response: done })
    response.end()
  }
}

/** What Anthropic answers to a message. */
export function messages(words: readonly string[]): Script {
  return ({ body, url }, response) => {
    if (url.startsWith('/v1/messages/count_tokens')) return json(response, { input_tokens: 42 })
    const frame = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-x-2026' }
    const usage = {
      input_tokens: 13,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 20,
      output_tokens: words.length,
    }
    const ends = { stop_reason: 'end_turn', stop_sequence: null }
    if (body.stream !== true) {
      const content = [{ type: 'text', text: words.join('') }]
      return json(response, { ...frame, content, ...ends, usage }, 200, { 'request-id': 'req_1' })
    }
    stream(response, { 'request-id': 'req_1' })
    const say = (type: string, more: object = {}) => event(response, { type, ...more }, type)
    const begun = { ...frame, content: [], stop_reason: null, stop_sequence: null }
    say('message_start', { message: { ...begun, usage: { ...usage, output_tokens: 1 } } })
    say('content_block_start', { index: 0, content_block: { type: 'text', text: '' } })
    say('ping')
    for (const text of words) {
      say('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })
    }
    say('content_block_stop', { index: 0 })
    say('message_delta', { delta: ends, usage: { output_tokens: words.length } })
    say('message_stop')
    response.end()
  }
}
