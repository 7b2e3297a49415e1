import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4GenerateResult,
  SharedV4Warning,
} from '@ai-sdk/provider'
import { AnswerStream, finishReason, type Parts } from './answer-stream.ts'
import type { AnswerWriter } from './answer-writer.ts'
import { errorBody } from './error-body.ts'
import { apiFor, forProvider } from './for-provider.ts'
import { Lanes } from './lanes.ts'
import { openModel } from './open-model.ts'
import { outgoing } from './outgoing.ts'
import { providerUsage } from './provider-usage.ts'
import type { Question } from './question.ts'
import { readChat } from './read-chat.ts'
import { readMessages } from './read-messages.ts'
import { readResponses } from './read-responses.ts'
import type { Dialect, Translated, TranslateNeeds, Translation } from './translation.ts'
import { Untranslatable } from './untranslatable.ts'
import { failed } from './upstream-error.ts'
import { writerFor } from './writer-for.ts'

const readers = { chat: readChat, responses: readResponses, messages: readMessages }

/**
 * Asks a provider of another dialect and answers in the client's. Resolves to a stream once its first part is there,
 * so that a failure before it can still be answered, or another provider asked. Throws what `fetch` throws, and the
 * reason of the signal.
 */
export async function translate(
  translation: Translation,
  needs: TranslateNeeds,
): Promise<Translated> {
  try {
    const question = limited(readers[translation.dialect](translation.body), translation)
    return await ask(translation, question, needs)
  } catch (error) {
    const refusal = asRefusal(error)
    if (refusal === null) throw error
    return refused(translation, refusal)
  }
}

function limited(question: Question, { maxOutputTokens: most }: Translation): Question {
  if (most === undefined) return question
  const maxOutputTokens = Math.min(question.options.maxOutputTokens ?? most, most)
  return { ...question, options: { ...question.options, maxOutputTokens } }
}

async function ask(
  translation: Translation,
  question: Question,
  needs: TranslateNeeds,
): Promise<Translated> {
  const { dialect, target, signal } = translation
  const api = apiFor(target, question.options)
  if (dialect !== 'responses' || api !== 'chat') refuseHalfAnswer(dialect, question)
  const options = forProvider(api, question.options)
  const sent = outgoing(needs, signal, options.maxOutputTokens)
  const model = await openModel(api, target, sent.fetch)
  const writer = writerOf(translation, question, needs)
  const call = { ...options, abortSignal: signal }
  try {
    return await (question.stream
      ? streamed(model, call, translation, writer)
      : whole(model, call, writer))
  } catch (error) {
    const thrown = sent.thrown()
    if (thrown !== null) throw thrown.error
    if (signal.aborted) throw signal.reason
    if (asRefusal(error) !== null) throw error
    return failed(dialect, error)
  }
}

/** Anthropic's models go on with what they seem to have said already; OpenAI's answer anew. */
function refuseHalfAnswer(dialect: Dialect, { options }: Question): void {
  if (options.prompt.at(-1)?.role === 'assistant')
    throw new Untranslatable(
      dialect === 'responses' ? 'input' : 'messages',
      'must not end with the assistant, for the provider of this model takes that otherwise',
    )
}

function writerOf(
  { dialect, body, model }: Translation,
  { includeUsage, renamed }: Question,
  needs: TranslateNeeds,
): AnswerWriter {
  const created = Math.floor(needs.now() / 1000)
  const frame = { id: needs.newId(), created, model, newId: needs.newId }
  return writerFor({ dialect, body, includeUsage, renamed }, frame)
}

async function whole(
  model: LanguageModelV4,
  call: LanguageModelV4CallOptions,
  writer: AnswerWriter,
): Promise<Translated> {
  const result = await model.doGenerate(call)
  const usage = providerUsage(result.usage)
  const lanes = new Lanes()
  const parts = result.content.flatMap(asParts)
  for (const part of parts) for (const event of lanes.take(part)) writer.write(event)
  for (const event of lanes.finish()) writer.write(event)
  writer.write({ type: 'finish', reason: finishReason(result.finishReason, lanes.calls), usage })
  return {
    kind: 'answer',
    status: 200,
    json: writer.whole(),
    usage,
    warnings: warningsOf(result.warnings),
  }
}

async function streamed(
  model: LanguageModelV4,
  call: LanguageModelV4CallOptions,
  { dialect, signal }: Translation,
  writer: AnswerWriter,
): Promise<Translated> {
  const { stream } = await model.doStream(call)
  const reader = stream.getReader()
  let warnings: readonly string[] = []
  let first = (await reader.read()).value
  if (first?.type === 'stream-start') {
    warnings = warningsOf(first.warnings)
    first = (await reader.read()).value
  }
  if (first?.type === 'error') {
    void reader.cancel().catch(() => undefined)
    throw first.error
  }
  const parts: Parts = { first, reader }
  const progress = new AnswerStream(dialect, writer)
  return { kind: 'stream', status: 200, chunks: progress.chunks(parts, signal), progress, warnings }
}

/** A part of a whole answer as the parts of a stream. */
function asParts(
  content: LanguageModelV4GenerateResult['content'][number],
  index: number,
): Parameters<Lanes['take']>[0][] {
  const id = String(index)
  switch (content.type) {
    case 'text':
      return [
        { type: 'text-start', id },
        { type: 'text-delta', id, delta: content.text },
        { type: 'text-end', id },
      ]
    case 'reasoning': {
      const metadata = content.providerMetadata
      const told = metadata === undefined ? {} : { providerMetadata: metadata }
      return [
        { type: 'reasoning-start', id, ...told },
        { type: 'reasoning-delta', id, delta: content.text },
        { type: 'reasoning-end', id },
      ]
    }
    case 'tool-call':
      return [content]
    default:
      return []
  }
}

/** Only what it is about: the library's own sentences may repeat the prompt. */
function warningsOf(warnings: readonly SharedV4Warning[]): string[] {
  return warnings.flatMap(warning =>
    'feature' in warning ? [`${warning.feature} is not supported as asked`] : [],
  )
}

/** The library refuses a few things itself before it sends anything. */
function asRefusal(error: unknown): Untranslatable | null {
  if (error instanceof Untranslatable) return error
  if (!(error instanceof Error) || error.name !== 'AI_UnsupportedFunctionalityError') return null
  return new Untranslatable('body', `${error.message.slice(0, 300)}`)
}

function refused({ dialect }: Translation, { field, message }: Untranslatable): Translated {
  const json = errorBody(dialect, { status: 400, message, field, code: 'not_translatable' })
  return { kind: 'refused', status: 400, json, field }
}
