import type { Usage } from '../../../schemas/usage.ts'
import type { AnswerEvent, FinishReason } from '../translate/answer-event.ts'
import type { AnswerWriter } from '../translate/answer-writer.ts'
import { errorBody } from '../translate/error-body.ts'
import type { Dialect, StreamProgress, Translated } from '../translate/translation.ts'
import { writerFor } from '../translate/writer-for.ts'
import { embeddings } from './embeddings.ts'
import { type LastWords, lastWords } from './last-words.ts'
import { type Line, script } from './script.ts'

/** A request that the proxy answers itself. */
export interface ScriptedRequest {
  readonly dialect: Dialect
  /** `count`: tokens of a message; `embed`: vectors; `generate`: an answer. */
  readonly verdict: 'generate' | 'embed' | 'count'
  readonly body: Readonly<Record<string, unknown>>
  /** The name that the client asked for; answers carry it. */
  readonly model: string
  /** Most tokens that the answer may have; the smaller of it and what the body asks for holds. */
  readonly maxOutputTokens?: number
}

export interface ScriptedNeeds {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** A fresh name without blanks. */
  readonly newId: () => string
}

/**
 * Answers as a provider would, in fixed words that depend on the request alone: a token of the answer is a word with the
 * blank before it, one of the request four bytes.
 */
export function scripted(request: ScriptedRequest, needs: ScriptedNeeds): Translated {
  const inputTokens = Math.ceil(Buffer.byteLength(JSON.stringify(request.body)) / 4)
  if (request.verdict === 'count') return answer({ input_tokens: inputTokens }, { inputTokens })
  if (request.verdict === 'embed')
    return answer(embeddings(request.body, request.model, inputTokens), { inputTokens })
  const said = lastWords(request.body)
  if (said === null) return refused(request.dialect)
  const line = script(request.model, said)
  const events = perform(line, inputTokens, limit(request), needs)
  const writer = writerOf(request, said, needs)
  return request.body.stream === true ? streamed(events, writer) : whole(events, writer)
}

function limit({ body, maxOutputTokens = Number.POSITIVE_INFINITY }: ScriptedRequest): number {
  const asked = [body.max_tokens, body.max_completion_tokens, body.max_output_tokens]
  const numbers = asked.filter(value => typeof value === 'number')
  return Math.max(1, Math.min(maxOutputTokens, ...numbers))
}

function perform(
  line: Line,
  inputTokens: number,
  limit: number,
  needs: ScriptedNeeds,
): readonly AnswerEvent[] {
  const words = ('say' in line ? line.say : line.call.input).match(/\s*\S+/g) ?? []
  const delivered = words.slice(0, limit)
  const called: FinishReason = 'call' in line ? 'tool-calls' : 'stop'
  const reason = delivered.length < words.length ? 'length' : called
  const usage: Usage = { inputTokens, outputTokens: delivered.length }
  const block =
    'say' in line
      ? { kind: 'text' as const }
      : { kind: 'tool' as const, id: `call_${needs.newId()}`, name: line.call.tool }
  return [
    { type: 'open', block },
    ...delivered.map((text): AnswerEvent => ({ type: 'delta', text })),
    { type: 'close' },
    { type: 'finish', reason, usage },
  ]
}

function writerOf(
  { dialect, body, model }: ScriptedRequest,
  { custom }: LastWords,
  { now, newId }: ScriptedNeeds,
): AnswerWriter {
  const options = body.stream_options as { include_usage?: unknown } | null | undefined
  const includeUsage = options?.include_usage === true
  const frame = { id: newId(), created: Math.floor(now() / 1000), model, newId }
  return writerFor({ dialect, body, includeUsage, renamed: custom }, frame)
}

function whole(events: readonly AnswerEvent[], writer: AnswerWriter): Translated {
  for (const event of events) writer.write(event)
  return answer(writer.whole(), usageOf(events))
}

function streamed(events: readonly AnswerEvent[], writer: AnswerWriter): Translated {
  const progress: Mutable<StreamProgress> = { usage: null, outputBytes: 0, complete: false }
  return {
    kind: 'stream',
    status: 200,
    chunks: chunks(events, writer, progress),
    progress,
    warnings: [],
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** A chunk for each word, each in a turn of its own, so that it is a stream that clients see. */
async function* chunks(
  events: readonly AnswerEvent[],
  writer: AnswerWriter,
  progress: Mutable<StreamProgress>,
): AsyncGenerator<Buffer, void, undefined> {
  yield Buffer.from(writer.start())
  for (const event of events) {
    if (event.type === 'delta') progress.outputBytes += Buffer.byteLength(event.text)
    if (event.type === 'finish') {
      progress.usage = event.usage
      progress.complete = true
    }
    const text = writer.write(event)
    await new Promise(resolve => setImmediate(resolve))
    if (text !== '') yield Buffer.from(text)
  }
}

function usageOf(events: readonly AnswerEvent[]): Usage {
  const last = events.at(-1)
  return last?.type === 'finish' ? (last.usage ?? {}) : {}
}

function answer(json: object, usage: Usage): Translated {
  return { kind: 'answer', status: 200, json, usage, warnings: [] }
}

function refused(dialect: Dialect): Translated {
  const field = dialect === 'responses' ? 'input' : 'messages'
  const error = { status: 400, message: `${field}: must hold a message of the user`, field }
  return { kind: 'refused', status: 400, json: errorBody(dialect, error), field }
}
