import type { Usage } from '../../../schemas/usage.ts'
import type { AnswerEvent, Block, FinishReason } from './answer-event.ts'
import { type AnswerFrame, type AnswerWriter, namedEvent } from './answer-writer.ts'
import { type DialectError, errorBody } from './error-body.ts'

type Content =
  | { readonly type: 'text'; text: string; readonly citations: null }
  | { readonly type: 'thinking'; thinking: string; signature: string }
  | {
      readonly type: 'tool_use'
      readonly id: string
      readonly name: string
      readonly caller: { readonly type: 'direct' }
      input: unknown
    }

const reasons: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  'content-filter': 'refusal',
}

/** Writes an answer as a message of Anthropic's API. */
export class MessagesWriter implements AnswerWriter {
  readonly #frame: AnswerFrame
  readonly #content: Content[] = []
  #text = ''
  #reason: string | null = null
  #usage: object = messagesUsage({})

  constructor(frame: AnswerFrame) {
    this.#frame = frame
  }

  start(): string {
    return namedEvent({ type: 'message_start', message: this.#message([]) })
  }

  write(event: AnswerEvent): string {
    switch (event.type) {
      case 'open':
        return this.#open(event.block)
      case 'delta':
        this.#text += event.text
        return this.#delta(event.text)
      case 'close':
        return this.#close(event.seal)
      case 'finish':
        return this.#finish(event.reason, event.usage)
    }
  }

  broken(error: DialectError): string {
    return namedEvent(errorBody('messages', error) as { type: string })
  }

  whole(): object {
    return this.#message(this.#content)
  }

  get #index(): number {
    return this.#content.length - 1
  }

  #open(block: Block): string {
    this.#text = ''
    const content = begin(block)
    this.#content.push(content)
    return namedEvent({
      type: 'content_block_start',
      index: this.#index,
      content_block: { ...content },
    })
  }

  #delta(text: string): string {
    const open = this.#content.at(-1)
    if (open?.type === 'tool_use')
      return this.#event({ type: 'input_json_delta', partial_json: text })
    if (open?.type === 'thinking') return this.#event({ type: 'thinking_delta', thinking: text })
    return this.#event({ type: 'text_delta', text })
  }

  #close(seal: string | undefined): string {
    const open = this.#content.at(-1)
    if (open?.type === 'text') open.text = this.#text
    if (open?.type === 'tool_use') open.input = parsedInput(this.#text)
    let signature = ''
    if (open?.type === 'thinking') {
      open.thinking = this.#text
      open.signature = seal ?? ''
      signature = this.#event({ type: 'signature_delta', signature: open.signature })
    }
    return signature + namedEvent({ type: 'content_block_stop', index: this.#index })
  }

  #finish(reason: FinishReason, usage: Usage | null): string {
    this.#reason = reasons[reason]
    this.#usage = messagesUsage(usage ?? {})
    const delta = { stop_reason: this.#reason, stop_sequence: null }
    return (
      namedEvent({ type: 'message_delta', delta, usage: this.#usage }) +
      namedEvent({ type: 'message_stop' })
    )
  }

  #event(delta: object): string {
    return namedEvent({ type: 'content_block_delta', index: this.#index, delta })
  }

  #message(content: readonly Content[]): object {
    return {
      id: `msg_${this.#frame.id}`,
      type: 'message',
      role: 'assistant',
      model: this.#frame.model,
      content,
      stop_reason: this.#reason,
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: this.#usage,
    }
  }
}

function begin(block: Block): Content {
  switch (block.kind) {
    case 'text':
      return { type: 'text', text: '', citations: null }
    case 'reasoning':
      return { type: 'thinking', thinking: '', signature: '' }
    case 'tool':
      return {
        type: 'tool_use',
        id: block.id,
        name: block.name,
        caller: { type: 'direct' },
        input: {},
      }
  }
}

/** Arguments that are no JSON, as after a cut at the token limit, are kept as text. */
function parsedInput(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return { unreadable: text }
  }
}

/** Anthropic counts tokens of the cache apart from the input. */
function messagesUsage(usage: Usage): object {
  const read = usage.cacheReadTokens ?? 0
  const written = usage.cacheWriteTokens ?? 0
  return {
    input_tokens: Math.max(0, (usage.inputTokens ?? 0) - read - written),
    output_tokens: usage.outputTokens ?? 0,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    cache_creation: null,
    output_tokens_details:
      usage.reasoningTokens === undefined ? null : { thinking_tokens: usage.reasoningTokens },
    server_tool_use: null,
    service_tier: null,
    inference_geo: null,
    speed: null,
  }
}
