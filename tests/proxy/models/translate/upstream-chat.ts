import assert from 'node:assert/strict'
import type OpenAI from 'openai'
import { calls, type Heard, type Plan, tokens } from './plan.ts'

type Params = OpenAI.ChatCompletionCreateParams
type Chunk = OpenAI.ChatCompletionChunk
type Delta = OpenAI.ChatCompletionChunk.Choice.Delta
type Reason = OpenAI.ChatCompletionChunk.Choice['finish_reason']

/** Every member that the official client can send and a translation may use. */
const known = [
  'model',
  'messages',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'stop',
  'stream',
  'stream_options',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'reasoning_effort',
] satisfies (keyof Params)[]

const usage: OpenAI.CompletionUsage = {
  prompt_tokens: tokens.input,
  completion_tokens: tokens.output,
  total_tokens: tokens.input + tokens.output,
  prompt_tokens_details: { cached_tokens: tokens.cached },
  completion_tokens_details: { reasoning_tokens: tokens.reasoning },
}

/** What a chat completion request says; throws where the real API would answer 400. */
export function hearChat(body: Params): Heard {
  for (const key of Object.keys(body))
    assert.ok(
      known.some(name => name === key),
      `unknown ${key}`,
    )
  const open = new Set<string>()
  for (const message of body.messages) {
    if (message.role === 'tool') assert.ok(open.delete(message.tool_call_id), 'result without call')
    else assert.equal(open.size, 0, 'calls must be answered at once')
    if (message.role === 'assistant')
      for (const call of message.tool_calls ?? []) {
        assert.equal(call.type, 'function')
        assert.equal(typeof JSON.parse(call.function.arguments), 'object')
        open.add(call.id)
      }
  }
  assert.equal(open.size, 0, 'calls must be answered')
  for (const tool of body.tools ?? []) assert.equal(tool.type, 'function')
  const trailing = body.messages.slice(body.messages.findLastIndex(m => m.role === 'assistant') + 1)
  const parts = trailing.flatMap(message =>
    message.role === 'user' ? partsOf(message.content) : [],
  )
  return {
    text: parts.map(part => (part.type === 'text' ? part.text : '')).join(''),
    media: parts.flatMap(part => {
      if (part.type === 'image_url') return [`image ${part.image_url.url.slice(0, 40)}`]
      return part.type === 'file' ? [`file ${part.file.file_data?.slice(0, 40)}`] : []
    }),
    results: trailing.flatMap(m =>
      m.role === 'tool' && typeof m.content === 'string' ? [m.content] : [],
    ),
  }
}

function partsOf(content: OpenAI.ChatCompletionUserMessageParam['content']) {
  return typeof content === 'string' ? [{ type: 'text' as const, text: content }] : content
}

export function chatAnswer(plan: Plan, model: string): OpenAI.ChatCompletion {
  const text = plan.kind === 'text' ? plan.words.join('') : 'Half of'
  return {
    id: 'chatcmpl-up',
    object: 'chat.completion',
    created: 1,
    model,
    choices: [
      {
        index: 0,
        logprobs: null,
        finish_reason: reason(plan),
        message: {
          role: 'assistant',
          content: plan.kind === 'tools' || plan.kind === 'refuse' ? null : text,
          refusal: plan.kind === 'refuse' ? 'No.' : null,
          ...(plan.kind === 'tools' && {
            tool_calls: calls.map(({ id, name, input }) => ({
              id,
              type: 'function' as const,
              function: { name, arguments: JSON.stringify(input) },
            })),
          }),
        },
      },
    ],
    usage,
  }
}

function reason(plan: Plan): 'stop' | 'length' | 'tool_calls' {
  if (plan.kind === 'tools') return 'tool_calls'
  return plan.kind === 'cut' ? 'length' : 'stop'
}

export function chatEvents(plan: Plan, model: string): readonly (Chunk | '[DONE]')[] {
  const chunk = (delta: Delta, finish_reason: Reason = null) => ({
    id: 'chatcmpl-up',
    object: 'chat.completion.chunk' as const,
    created: 1,
    model,
    choices: [{ index: 0, delta, finish_reason }],
  })
  const start = chunk({ role: 'assistant', content: '' })
  if (plan.kind === 'slow' || plan.kind === 'broken') return [start, chunk({ content: 'Wait' })]
  return [
    start,
    ...deltas(plan).map(delta => chunk(delta)),
    chunk({}, reason(plan)),
    { ...chunk({}), choices: [], usage },
    '[DONE]',
  ]
}

function deltas(plan: Plan): Delta[] {
  if (plan.kind === 'text') return plan.words.map(content => ({ content }))
  if (plan.kind === 'refuse') return [{ refusal: 'No.' }]
  if (plan.kind !== 'tools') return [{ content: 'Half of' }]
  return calls.flatMap(({ id, name, input }, index) => [
    { tool_calls: [{ index, id, type: 'function' as const, function: { name, arguments: '' } }] },
    ...halves(JSON.stringify(input)).map(text => ({
      tool_calls: [{ index, function: { arguments: text } }],
    })),
  ])
}

export function halves(text: string): string[] {
  return [text.slice(0, 5), text.slice(5)]
}
