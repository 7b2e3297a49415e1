import type { AnswerEvent, Block, FinishReason } from './answer-event.ts'
import { type AnswerFrame, type AnswerWriter, namedEvent } from './answer-writer.ts'
import type { DialectError } from './error-body.ts'
import type { RenamedTool } from './question.ts'
import { type ResponseState, responseObject } from './responses-frame.ts'
import { beginItem, endItem, type Item, outputText } from './responses-item.ts'

interface Needs {
  readonly frame: AnswerFrame
  /** The body of the request. */
  readonly asked: Readonly<Record<string, unknown>>
  readonly renamed: ReadonlyMap<string, RenamedTool>
}

/** Writes an answer as a response of OpenAI's API. */
export class ResponsesWriter implements AnswerWriter {
  readonly #needs: Needs
  readonly #output: Item[] = []
  #text = ''
  #number = 0
  #state: Omit<ResponseState, 'output'> = { status: 'in_progress', usage: null }

  constructor(needs: Needs) {
    this.#needs = needs
  }

  start(): string {
    return (
      this.#event('response.created', { response: this.whole() }) +
      this.#event('response.in_progress', { response: this.whole() })
    )
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
        this.#state = { ...finished(event.reason), usage: event.usage }
        return this.#event(`response.${this.#state.status}`, { response: this.whole() })
    }
  }

  broken(error: DialectError): string {
    const code = error.status === 429 ? 'rate_limit_exceeded' : 'server_error'
    this.#state = { status: 'failed', error: { code, message: error.message }, usage: null }
    return this.#event('response.failed', { response: this.whole() })
  }

  whole(): object {
    const { frame, asked } = this.#needs
    return responseObject(frame, asked, { ...this.#state, output: this.#output })
  }

  #open(block: Block): string {
    this.#text = ''
    const item = beginItem(block, this.#needs.frame.newId, this.#needs.renamed)
    this.#output.push(item)
    return (
      this.#indexed('response.output_item.added', { item: { ...item } }) + this.#beginPart(item)
    )
  }

  #beginPart(item: Item): string {
    if (item.type === 'message')
      return this.#part(item, 'response.content_part.added', { part: outputText('') })
    if (item.type === 'reasoning')
      return this.#part(item, 'response.reasoning_summary_part.added', {
        part: { type: 'summary_text', text: '' },
      })
    return ''
  }

  #delta(delta: string): string {
    const item = this.#output.at(-1)
    if (item?.type === 'message')
      return this.#part(item, 'response.output_text.delta', { delta, logprobs: [] })
    if (item?.type === 'reasoning')
      return this.#part(item, 'response.reasoning_summary_text.delta', { delta })
    if (item?.type === 'function_call')
      return this.#indexed('response.function_call_arguments.delta', { item_id: item.id, delta })
    return ''
  }

  #close(seal: string | undefined): string {
    const item = this.#output.at(-1)
    if (item === undefined) return ''
    endItem(item, this.#text, seal)
    return this.#endPart(item) + this.#indexed('response.output_item.done', { item: { ...item } })
  }

  #endPart(item: Item): string {
    const text = this.#text
    const item_id = item.id
    switch (item.type) {
      case 'message':
        return (
          this.#part(item, 'response.output_text.done', { text, logprobs: [] }) +
          this.#part(item, 'response.content_part.done', { part: outputText(text) })
        )
      case 'reasoning':
        return (
          this.#part(item, 'response.reasoning_summary_text.done', { text }) +
          this.#part(item, 'response.reasoning_summary_part.done', {
            part: { type: 'summary_text', text },
          })
        )
      case 'function_call':
        return this.#indexed('response.function_call_arguments.done', {
          item_id,
          name: item.name,
          arguments: text,
        })
      case 'tool_search_call':
        return ''
      case 'custom_tool_call':
        return (
          this.#indexed('response.custom_tool_call_input.delta', { item_id, delta: item.input }) +
          this.#indexed('response.custom_tool_call_input.done', { item_id, input: item.input })
        )
    }
  }

  #part(item: Item, type: string, data: object): string {
    const index = item.type === 'reasoning' ? { summary_index: 0 } : { content_index: 0 }
    return this.#indexed(type, { item_id: item.id, ...index, ...data })
  }

  #indexed(type: string, data: object): string {
    return this.#event(type, { output_index: this.#output.length - 1, ...data })
  }

  #event(type: string, data: object): string {
    const sequence_number = this.#number
    this.#number += 1
    return namedEvent({ type, sequence_number, ...data })
  }
}

function finished(reason: FinishReason): Omit<ResponseState, 'output' | 'usage'> {
  if (reason === 'length') return { status: 'incomplete', incomplete: 'max_output_tokens' }
  if (reason === 'content-filter') return { status: 'incomplete', incomplete: 'content_filter' }
  return { status: 'completed' }
}
