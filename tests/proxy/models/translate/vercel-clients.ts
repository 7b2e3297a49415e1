import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  generateText,
  jsonSchema,
  type LanguageModel,
  stepCountIs,
  streamText,
  type ToolSet,
  tool,
} from 'ai'
import {
  type Client,
  type Got,
  type Question,
  toolNames,
  toolResults,
  toolSchemas,
} from './client.ts'

/** The Vercel AI SDK with its provider packages. */
export function vercelClients(url: string, apiKey: string): readonly Client[] {
  const openai = createOpenAI({ baseURL: `${url}/openai/v1`, apiKey })
  const compatible = createOpenAICompatible({
    name: 'writ',
    baseURL: `${url}/openai/v1`,
    apiKey,
    includeUsage: true,
    supportedUrls: () => ({ 'image/*': [/^https:/] }),
  })
  const anthropic = createAnthropic({ baseURL: `${url}/anthropic/v1`, apiKey })
  const client = (
    name: string,
    dialect: Client['dialect'],
    model: (id: string) => LanguageModel,
  ): Client => ({ name, dialect, ask: question => ask(model(question.model), question) })
  return [
    client('ai + @ai-sdk/openai', 'chat', id => openai.chat(id)),
    client('ai + @ai-sdk/openai-compatible', 'chat', id => compatible(id)),
    client('ai + @ai-sdk/openai', 'responses', id => openai.responses(id)),
    client('ai + @ai-sdk/anthropic', 'messages', id => anthropic(id)),
  ]
}

async function ask(model: LanguageModel, question: Question): Promise<Got> {
  const result = question.stream
    ? await streamed(model, question)
    : await generateText(settings(model, question))
  return {
    text: result.text,
    calls: result.steps.flatMap(step =>
      step.toolCalls.map(({ toolName, input }) => ({ name: toolName, input })),
    ),
    end: result.finishReason,
    usage: {
      input: result.usage.inputTokens ?? -1,
      output: result.usage.outputTokens ?? -1,
      cached: result.usage.inputTokenDetails?.cacheReadTokens ?? -1,
    },
  }
}

async function streamed(model: LanguageModel, question: Question) {
  let failure: unknown
  const onError = ({ error }: { error: unknown }) => {
    failure ??= error
  }
  const result = streamText({ ...settings(model, question), onError })
  try {
    await result.consumeStream({ onError: error => onError({ error }) })
    return {
      text: await result.text,
      steps: await result.steps,
      finishReason: await result.finishReason,
      usage: await result.usage,
    }
  } catch (error) {
    throw failure ?? error
  }
}

function settings(model: LanguageModel, question: Question) {
  const offered = toolNames.map(name => {
    const { description, schema } = toolSchemas[name]
    const base = { description, inputSchema: jsonSchema<object>(schema as object) }
    const execute = async () => toolResults[name] ?? ''
    return [name, question.loop ? tool({ ...base, execute }) : tool(base)] as const
  })
  const tools = Object.fromEntries(offered) as unknown as ToolSet
  return {
    model,
    system: 'Be brief.',
    messages: [
      {
        role: 'user' as const,
        content: [
          { type: 'text' as const, text: question.text },
          ...(question.image === undefined
            ? []
            : [{ type: 'image' as const, image: new URL(question.image), mediaType: 'image/png' }]),
        ],
      },
    ],
    maxOutputTokens: 500,
    maxRetries: 0,
    stopWhen: stepCountIs(2),
    ...(question.tools && { tools }),
    ...(question.signal !== undefined && { abortSignal: question.signal }),
  }
}
