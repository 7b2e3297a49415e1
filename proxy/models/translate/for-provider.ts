import type { LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider'
import type { UserPart } from './prompt-builder.ts'
import type { Question } from './question.ts'
import type { Target } from './translation.ts'
import { Untranslatable } from './untranslatable.ts'

type Options = Question['options']

/** Which API of a provider is asked. */
export type Api = 'chat' | 'responses' | 'messages'

/** Of OpenAI's two APIs, only chat completions know stop sequences. */
export function apiFor(target: Target, options: Options): Api {
  if (target.protocol === 'anthropic') return 'messages'
  if (target.responses === 'translate') return 'chat'
  return options.stopSequences === undefined ? 'responses' : 'chat'
}

/** Fits a question to what the API can be told; throws Untranslatable. */
export function forProvider(api: Api, options: Options): Options {
  switch (api) {
    case 'messages':
      return forMessages(options)
    case 'responses':
      return withOpenai(options, { store: false })
    case 'chat':
      return withOpenai({ ...options, prompt: options.prompt.flatMap(filesApart) }, {})
  }
}

function withOpenai(options: Options, more: { store?: false }): Options {
  const { providerOptions } = options
  const openai = { strictJsonSchema: true, ...providerOptions?.openai, ...more }
  return { ...options, providerOptions: { ...providerOptions, openai } }
}

function forMessages(options: Options): Options {
  const { temperature, topP, responseFormat } = options
  if (temperature !== undefined && temperature > 1)
    throw new Untranslatable('temperature', 'must not be above 1 for the provider of this model')
  if (temperature !== undefined && topP !== undefined)
    throw new Untranslatable('top_p', 'cannot go with temperature for the provider of this model')
  if (responseFormat?.type === 'json' && responseFormat.schema === undefined)
    throw new Untranslatable(
      'response_format',
      'must be json_schema for the provider of this model, which cannot promise JSON without a schema',
    )
  if (options.reasoning === undefined || !lacksReasoning(options.prompt)) return options
  const { reasoning: _, ...rest } = options
  return rest
}

/**
 * Whether the model is in the middle of using tools and the client did not repeat what it had thought: Anthropic then
 * refuses to think on.
 */
function lacksReasoning(prompt: LanguageModelV4Prompt): boolean {
  if (prompt.at(-1)?.role !== 'tool') return false
  const last = prompt.findLast(message => message.role === 'assistant')
  return last !== undefined && !last.content.some(part => part.type === 'reasoning')
}

/** Chat completions take only text as the result of a tool: files follow in a message of the user. */
function filesApart(message: LanguageModelV4Message): LanguageModelV4Prompt {
  if (message.role !== 'tool') return [message]
  const files: UserPart[] = []
  const content = message.content.map(part => {
    if (part.type !== 'tool-result' || part.output.type !== 'content') return part
    const texts = part.output.value.map(piece => {
      if (piece.type === 'text') return piece.text
      if (piece.type !== 'file') return ''
      files.push(piece)
      return '(The file is in the next message.)'
    })
    return { ...part, output: { type: 'text' as const, value: texts.join('\n') } }
  })
  const results: LanguageModelV4Message = { ...message, content }
  return files.length === 0 ? [results] : [results, { role: 'user', content: files }]
}
