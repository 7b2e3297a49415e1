import type { LanguageModelV4FinishReason, LanguageModelV4StreamPart } from '@ai-sdk/provider'
import type { Usage } from '../../../schemas/usage.ts'
import type { AnswerEvent, FinishReason } from './answer-event.ts'
import type { AnswerWriter } from './answer-writer.ts'
import { Lanes } from './lanes.ts'
import { providerUsage } from './provider-usage.ts'
import type { Dialect, StreamProgress } from './translation.ts'
import { upstreamError } from './upstream-error.ts'

/** The parts that a provider library tells, and the reader that gives the rest of them. */
export interface Parts {
  /** Read already. */
  readonly first: LanguageModelV4StreamPart | undefined
  readonly reader: ReadableStreamDefaultReader<LanguageModelV4StreamPart>
}

/** A stream of server-sent events made of what a provider tells, counted as it goes. */
export class AnswerStream implements StreamProgress {
  readonly #dialect: Dialect
  readonly #writer: AnswerWriter
  readonly #lanes = new Lanes()
  usage: Usage | null = null
  outputBytes = 0
  complete = false

  constructor(dialect: Dialect, writer: AnswerWriter) {
    this.#dialect = dialect
    this.#writer = writer
  }

  /** Ends after the answer, after an error event, or without a word once the signal has aborted. */
  async *chunks(parts: Parts, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield Buffer.from(this.#writer.start())
      for await (const part of all(parts)) {
        const end = ending(part)
        if (end === 'broken') throw brokenBy(part)
        const text = this.#take(part)
        if (text !== '') yield Buffer.from(text)
        if (end === 'whole') return
      }
      throw new Error('the provider ended its answer early')
    } catch (error) {
      if (!signal.aborted)
        yield Buffer.from(this.#writer.broken(upstreamError(this.#dialect, error)))
    } finally {
      // Nobody reads on: the request to the provider must end as well.
      void parts.reader.cancel().catch(() => undefined)
    }
  }

  #take(part: LanguageModelV4StreamPart): string {
    if (part.type !== 'finish') return this.#write(this.#lanes.take(part))
    this.usage = providerUsage(part.usage)
    this.complete = true
    const reason = finishReason(part.finishReason, this.#lanes.calls)
    return this.#write([...this.#lanes.finish(), { type: 'finish', reason, usage: this.usage }])
  }

  #write(events: readonly AnswerEvent[]): string {
    let text = ''
    for (const event of events) {
      if (event.type === 'delta') this.outputBytes += Buffer.byteLength(event.text)
      text += this.#writer.write(event)
    }
    return text
  }
}

/** Why an answer ended. Some servers say that they stopped when they want a tool called. */
export function finishReason(told: LanguageModelV4FinishReason, calls: boolean): FinishReason {
  switch (told.unified) {
    case 'length':
    case 'content-filter':
      return told.unified
    default:
      return calls ? 'tool-calls' : 'stop'
  }
}

async function* all(parts: Parts): AsyncGenerator<LanguageModelV4StreamPart, void, undefined> {
  if (parts.first !== undefined) yield parts.first
  for (;;) {
    const { done, value } = await parts.reader.read()
    if (done) return
    yield value
  }
}

function ending(part: LanguageModelV4StreamPart): 'whole' | 'broken' | null {
  if (part.type === 'error') return 'broken'
  if (part.type !== 'finish') return null
  const { unified } = part.finishReason
  return unified === 'interrupted' || unified === 'error' ? 'broken' : 'whole'
}

function brokenBy(part: LanguageModelV4StreamPart): unknown {
  return part.type === 'error' ? part.error : new Error('the provider ended its answer early')
}
