import type { Usage } from '../../../schemas/usage.ts'
import type { AnswerEvent, Block, FinishReason } from './answer-event.ts'
import type { AnswerFrame, AnswerWriter } from './answer-writer.ts'
import { type DialectError, errorBody } from './error-body.ts'

interface Call {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; arguments: string }
}

const reasons: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
}

/** Writes an answer as a chat completion. */
export class ChatWriter implements AnswerWriter {
  readonly #frame: AnswerFrame
  readonly #includeUsage: boolean
  readonly #calls: Call[] = []
  #block: Block = { kind: 'text' }
  #text = ''
  #reasoning = ''
  #reason: string | null = null
  #usage: object | null = null

  constructor(frame: AnswerFrame, includeUsage: boolean) {
    this.#frame = frame
    this.#includeUsage = includeUsage
  }

  start(): string {
    return this.#chunk({ role: 'assistant', content: '' })
  }

  write(event: AnswerEvent): string {
    switch (event.type) {
      case 'open':
        return this.#open(event.block)
      case 'delta':
        return this.#delta(event.text)
      case 'close':
        return ''
      case 'finish':
        return this.#finish(event.reason, event.usage)
    }
  }

  broken(error: DialectError): string {
    return line(errorBody('chat', error))
  }

  whole(): object {
    return {
      ...this.#head('chat.completion'),
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: this.#text === '' ? null : this.#text,
            refusal: null,
            ...(this.#reasoning !== '' && { reasoning_content: this.#reasoning }),
            ...(this.#calls.length > 0 && { tool_calls: this.#calls }),
          },
          logprobs: null,
          finish_reason: this.#reason,
        },
      ],
      ...(this.#usage !== null && { usage: this.#usage }),
    }
  }

  #open(block: Block): string {
    this.#block = block
    if (block.kind !== 'tool') return ''
    const call: Call = {
      id: block.id,
      type: 'function',
      function: { name: block.name, arguments: '' },
    }
    this.#calls.push(call)
    return this.#chunk({ tool_calls: [{ index: this.#calls.length - 1, ...call }] })
  }

  #delta(text: string): string {
    const call = this.#calls.at(-1)
    if (this.#block.kind === 'tool' && call !== undefined) {
      call.function.arguments += text
      const index = this.#calls.length - 1
      return this.#chunk({ tool_calls: [{ index, function: { arguments: text } }] })
    }
    if (this.#block.kind === 'reasoning') {
      this.#reasoning += text
      return this.#chunk({ reasoning_content: text })
    }
    this.#text += text
    return this.#chunk({ content: text })
  }

  #finish(reason: FinishReason, usage: Usage | null): string {
    this.#reason = reasons[reason]
    this.#usage = usage === null ? null : chatUsage(usage)
    return `${this.#chunk({}, this.#reason)}${this.#usageChunk()}data: [DONE]\n\n`
  }

  #usageChunk(): string {
    if (!this.#includeUsage || this.#usage === null) return ''
    return line({ ...this.#head('chat.completion.chunk'), choices: [], usage: this.#usage })
  }

  #chunk(delta: object, reason: string | null = null): string {
    return line({
      ...this.#head('chat.completion.chunk'),
      choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
      ...(this.#includeUsage && { usage: null }),
    })
  }

  #head(object: string): object {
    const { id, created, model } = this.#frame
    return { id: `chatcmpl-${id}`, object, created, model }
  }
}

function line(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

function chatUsage(usage: Usage): object {
  const input = usage.inputTokens ?? 0
  const output = usage.outputTokens ?? 0
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: usage.cacheReadTokens ?? 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
  }
}
