import Anthropic from '@anthropic-ai/sdk'
import {
  type Client,
  type Got,
  type Question,
  toolNames,
  toolResults,
  toolSchemas,
} from './client.ts'

/** The official Anthropic SDK. */
export function anthropicClient(url: string, apiKey: string): Client {
  const anthropic = new Anthropic({ baseURL: `${url}/anthropic`, apiKey, maxRetries: 0 })
  return {
    name: '@anthropic-ai/sdk',
    dialect: 'messages',
    ask: question => ask(anthropic, question),
  }
}

async function ask(anthropic: Anthropic, question: Question): Promise<Got> {
  const messages: Anthropic.MessageParam[] = [
    {
      role: 'user',
      content: [
        ...(question.image === undefined ? [] : [image(question.image)]),
        { type: 'text', text: question.text, cache_control: { type: 'ephemeral' } },
      ],
    },
  ]
  let message = await create(anthropic, question, messages)
  const calls = message.content.filter(block => block.type === 'tool_use')
  if (question.loop)
    message = await create(anthropic, question, [
      ...messages,
      { role: 'assistant', content: message.content },
      {
        role: 'user',
        content: calls.map(({ id, name }) => ({
          type: 'tool_result',
          tool_use_id: id,
          content: toolResults[name]!,
        })),
      },
    ])
  const { usage } = message
  const cached = usage.cache_read_input_tokens ?? 0
  return {
    text: message.content.map(block => (block.type === 'text' ? block.text : '')).join(''),
    calls: calls.map(({ name, input }) => ({ name, input })),
    end: message.stop_reason ?? '',
    usage: {
      input: usage.input_tokens + cached + (usage.cache_creation_input_tokens ?? 0),
      output: usage.output_tokens,
      cached,
    },
  }
}

function image(url: string): Anthropic.ImageBlockParam {
  const data = /^data:([^;]+);base64,(.*)$/.exec(url)
  if (data === null) return { type: 'image', source: { type: 'url', url } }
  return {
    type: 'image',
    source: { type: 'base64', media_type: data[1] as 'image/png', data: data[2]! },
  }
}

async function create(
  anthropic: Anthropic,
  question: Question,
  messages: Anthropic.MessageParam[],
): Promise<Anthropic.Message> {
  const params: Anthropic.MessageCreateParamsNonStreaming = {
    model: question.model,
    system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
    messages,
    max_tokens: 500,
    metadata: { user_id: 'somebody' },
    ...(question.tools && {
      tools: toolNames.map(name => ({
        name,
        description: toolSchemas[name].description,
        input_schema: toolSchemas[name].schema as unknown as Anthropic.Tool.InputSchema,
      })),
    }),
  }
  const options = question.signal === undefined ? {} : { signal: question.signal }
  if (!question.stream) return await anthropic.messages.create(params, options)
  return await anthropic.messages.stream(params, options).finalMessage()
}
