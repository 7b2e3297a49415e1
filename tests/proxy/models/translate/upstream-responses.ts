import assert from 'node:assert/strict'
import type OpenAI from 'openai'
import { calls, type Heard, type Plan, tokens } from './plan.ts'
import { halves } from './upstream-chat.ts'

type Params = OpenAI.Responses.ResponseCreateParams
type Response = OpenAI.Responses.Response
type Event = OpenAI.Responses.ResponseStreamEvent
type Item = OpenAI.Responses.ResponseInputItem

const known = [
  'model',
  'input',
  'max_output_tokens',
  'temperature',
  'top_p',
  'stream',
  'store',
  'include',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'text',
  'reasoning',
  'instructions',
] satisfies (keyof Params)[]

const encrypted = 'Z2hvc3Q='

/** What a request for a response says; throws where the real API would answer 400. */
export function hearResponses(body: Params): Heard {
  for (const key of Object.keys(body))
    assert.ok(
      known.some(name => name === key),
      `unknown ${key}`,
    )
  const input = body.input as Item[]
  const called = input.flatMap(item => (item.type === 'function_call' ? [item.call_id] : []))
  const outputs = input.flatMap(item => (item.type === 'function_call_output' ? [item] : []))
  assert.deepEqual(outputs.map(item => item.call_id).toSorted(), called.toSorted())
  for (const item of input)
    if (item.type === 'reasoning') assert.equal(item.encrypted_content, encrypted)
  const own = (item: Item) =>
    item.type === 'function_call' || ('role' in item && item.role === 'assistant')
  const trailing = input.slice(input.findLastIndex(own) + 1)
  const parts = trailing.flatMap(item =>
    'role' in item && item.role === 'user' ? partsOf(item) : [],
  )
  return {
    text: parts.map(part => (part.type === 'input_text' ? part.text : '')).join(''),
    media: parts.flatMap(media),
    results: trailing.flatMap(item =>
      item.type !== 'function_call_output'
        ? []
        : typeof item.output === 'string'
          ? [item.output]
          : item.output.flatMap(part => (part.type === 'input_text' ? [part.text] : media(part))),
    ),
  }
}

function partsOf(item: object): OpenAI.Responses.ResponseInputContent[] {
  const { content } = item as { content: string | OpenAI.Responses.ResponseInputContent[] }
  return typeof content === 'string' ? [{ type: 'input_text', text: content }] : content
}

function media(part: object): string[] {
  const { type, image_url, file_data, file_url } = part as Record<string, string | undefined>
  if (type === 'input_image') return [`image ${image_url?.slice(0, 40)}`]
  return type === 'input_file' ? [`file ${(file_data ?? file_url)?.slice(0, 40)}`] : []
}

function output(plan: Plan): OpenAI.Responses.ResponseOutputItem[] {
  if (plan.kind === 'tools')
    return calls.map(({ id, name, input }, index) => ({
      type: 'function_call',
      id: `fc_${index}`,
      call_id: id,
      name,
      arguments: JSON.stringify(input),
      status: 'completed',
    }))
  const refusal = { type: 'refusal' as const, refusal: 'No.' }
  const said = { type: 'output_text' as const, text: textOf(plan), annotations: [], logprobs: [] }
  return [
    ...(plan.kind === 'think'
      ? [
          {
            type: 'reasoning' as const,
            id: 'rs_up',
            encrypted_content: encrypted,
            summary: [{ type: 'summary_text' as const, text: 'Hm.' }],
          },
        ]
      : []),
    {
      type: 'message',
      id: 'msg_up',
      role: 'assistant',
      status: 'completed',
      content: [plan.kind === 'refuse' ? refusal : said],
    },
  ]
}

function textOf(plan: Plan): string {
  return plan.kind === 'text' ? plan.words.join('') : 'Half of'
}

export function responsesAnswer(plan: Plan, model: string): Omit<Response, 'output_text'> {
  return {
    id: 'resp_up',
    object: 'response',
    created_at: 1,
    status: plan.kind === 'cut' ? 'incomplete' : 'completed',
    access_programs: null,
    error: null,
    incomplete_details: plan.kind === 'cut' ? { reason: 'max_output_tokens' } : null,
    instructions: null,
    metadata: {},
    model,
    output: output(plan),

    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    usage: {
      input_tokens: tokens.input,
      input_tokens_details: { cached_tokens: tokens.cached, cache_write_tokens: 0 },
      output_tokens: tokens.output,
      output_tokens_details: { reasoning_tokens: tokens.reasoning },
      total_tokens: tokens.input + tokens.output,
    },
  }
}

export function responsesEvents(plan: Plan, model: string): readonly Event[] {
  const response = responsesAnswer(plan, model)
  const begun = { ...response, status: 'in_progress', output: [] }
  const events: object[] = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
  ]
  const whole = plan.kind !== 'slow' && plan.kind !== 'broken'
  for (const [output_index, item] of response.output.entries()) {
    events.push({ type: 'response.output_item.added', output_index, item: emptied(item) })
    for (const event of inside(item, plan))
      events.push({ output_index, item_id: item.id, ...event })
    if (whole) events.push({ type: 'response.output_item.done', output_index, item })
  }
  if (whole) events.push({ type: `response.${response.status}`, response })
  return events.map((event, sequence_number) => ({ sequence_number, ...event })) as Event[]
}

function emptied(item: OpenAI.Responses.ResponseOutputItem): object {
  if (item.type === 'function_call') return { ...item, status: 'in_progress', arguments: '' }
  if (item.type === 'reasoning') return { ...item, summary: [], encrypted_content: '' }
  return { ...item, status: 'in_progress', content: [] }
}

function inside(item: OpenAI.Responses.ResponseOutputItem, plan: Plan): object[] {
  if (item.type === 'function_call')
    return [
      ...halves(item.arguments).map(delta => ({
        type: 'response.function_call_arguments.delta',
        delta,
      })),
      { type: 'response.function_call_arguments.done', name: item.name, arguments: item.arguments },
    ]
  if (item.type === 'reasoning')
    return [
      { type: 'response.reasoning_summary_part.added', summary_index: 0, part: item.summary[0] },
      { type: 'response.reasoning_summary_text.delta', summary_index: 0, delta: 'Hm.' },
      { type: 'response.reasoning_summary_part.done', summary_index: 0, part: item.summary[0] },
    ]
  if (plan.kind === 'refuse')
    return [{ type: 'response.refusal.delta', content_index: 0, delta: 'No.' }]
  const words = plan.kind === 'text' ? plan.words : [textOf(plan)]
  const part = { type: 'output_text', text: '', annotations: [], logprobs: [] }
  return [
    { type: 'response.content_part.added', content_index: 0, part },
    ...words.map(delta => ({
      type: 'response.output_text.delta',
      content_index: 0,
      delta,
      logprobs: [],
    })),
  ]
}
