import OpenAI from 'openai'
import {
  type Client,
  type Got,
  type Question,
  toolNames,
  toolResults,
  toolSchemas,
} from './client.ts'

type Message = OpenAI.ChatCompletionMessageParam
type Item = OpenAI.Responses.ResponseInputItem
type Call = OpenAI.Responses.ResponseFunctionToolCall

/** The official OpenAI SDK, both APIs. */
export function openaiClients(url: string, apiKey: string): readonly Client[] {
  const openai = new OpenAI({ baseURL: `${url}/openai/v1`, apiKey, maxRetries: 0 })
  return [
    { name: 'openai', dialect: 'chat', ask: question => askChat(openai, question) },
    { name: 'openai', dialect: 'responses', ask: question => askResponses(openai, question) },
  ]
}

async function askChat(openai: OpenAI, question: Question): Promise<Got> {
  const messages: Message[] = [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content:
        question.image === undefined
          ? question.text
          : [
              { type: 'text', text: question.text },
              { type: 'image_url', image_url: { url: question.image } },
            ],
    },
  ]
  let completion = await completeChat(openai, question, messages)
  const message = completion.choices[0]!.message
  const calls = (message.tool_calls ?? []).filter(call => call.type === 'function')
  if (question.loop) {
    const results = calls.map(
      ({ id, function: { name } }): Message => ({
        role: 'tool',
        tool_call_id: id,
        content: toolResults[name]!,
      }),
    )
    completion = await completeChat(openai, question, [...messages, message, ...results])
  }
  const { usage, choices } = completion
  return {
    text: choices[0]!.message.content ?? '',
    calls: calls.map(call => ({
      name: call.function.name,
      input: JSON.parse(call.function.arguments),
    })),
    end: choices[0]!.finish_reason,
    usage: {
      input: usage?.prompt_tokens ?? -1,
      output: usage?.completion_tokens ?? -1,
      cached: usage?.prompt_tokens_details?.cached_tokens ?? -1,
    },
  }
}

async function completeChat(openai: OpenAI, question: Question, messages: Message[]) {
  const params: OpenAI.ChatCompletionCreateParamsNonStreaming = {
    model: question.model,
    messages,
    max_completion_tokens: 500,
    temperature: 0.5,
    ...(question.tools && {
      tools: toolNames.map(name => ({
        type: 'function' as const,
        function: {
          name,
          description: toolSchemas[name].description,
          parameters: toolSchemas[name].schema,
        },
      })),
    }),
  }
  const options = question.signal === undefined ? {} : { signal: question.signal }
  if (!question.stream) return await openai.chat.completions.create(params, options)
  const stream = openai.chat.completions.stream(
    { ...params, stream: true, stream_options: { include_usage: true } },
    options,
  )
  return await stream.finalChatCompletion()
}

async function askResponses(openai: OpenAI, question: Question): Promise<Got> {
  const input: Item[] = [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: question.text },
        ...(question.image === undefined
          ? []
          : [{ type: 'input_image' as const, image_url: question.image, detail: 'auto' as const }]),
      ],
    },
  ]
  let response = await respond(openai, question, input)
  const calls = response.output.flatMap(item =>
    item.type === 'function_call' ? [item as Call] : [],
  )
  if (question.loop) {
    const results = calls.map(
      ({ call_id, name }): Item => ({
        type: 'function_call_output',
        call_id,
        output: toolResults[name]!,
      }),
    )
    response = await respond(openai, question, [
      ...input,
      ...(response.output as Item[]),
      ...results,
    ])
  }
  const { usage, status, incomplete_details } = response
  return {
    text: response.output_text,
    calls: calls.map(call => ({ name: call.name, input: JSON.parse(call.arguments) })),
    end: incomplete_details?.reason ?? status ?? '',
    usage: {
      input: usage?.input_tokens ?? -1,
      output: usage?.output_tokens ?? -1,
      cached: usage?.input_tokens_details.cached_tokens ?? -1,
    },
  }
}

async function respond(openai: OpenAI, question: Question, input: Item[]) {
  const params: OpenAI.Responses.ResponseCreateParamsNonStreaming = {
    model: question.model,
    instructions: 'Be brief.',
    input,
    max_output_tokens: 500,
    temperature: 0.5,
    store: false,
    ...(question.tools && {
      tools: toolNames.map(name => ({
        type: 'function' as const,
        name,
        description: toolSchemas[name].description,
        parameters: toolSchemas[name].schema,
        strict: false,
      })),
    }),
  }
  const options = question.signal === undefined ? {} : { signal: question.signal }
  if (!question.stream) return await openai.responses.create(params, options)
  return await openai.responses.stream({ ...params, stream: true }, options).finalResponse()
}
