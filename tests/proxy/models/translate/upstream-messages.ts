import assert from 'node:assert/strict'
import type Anthropic from '@anthropic-ai/sdk'
import { calls, type Heard, type Plan, tokens } from './plan.ts'
import { halves } from './upstream-chat.ts'

type Params = Anthropic.MessageCreateParams
type Event = Anthropic.RawMessageStreamEvent

const known: readonly string[] = [
  'model',
  'messages',
  'system',
  'max_tokens',
  'stop_sequences',
  'stream',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'metadata',
] satisfies (keyof Params)[]

/** Still taken from older clients. */
const older = ['temperature', 'top_p']

const usage = {
  input_tokens: tokens.input - tokens.cached - 10,
  output_tokens: tokens.output,
  cache_read_input_tokens: tokens.cached,
  cache_creation_input_tokens: 10,
} as Anthropic.Usage

const signature = 'c2lnbmF0dXJl'

/** What a request for a message says; throws where the real API would answer 400. */
export function hearMessages(body: Params): Heard {
  for (const key of Object.keys(body))
    assert.ok(known.includes(key) || older.includes(key), `unknown ${key}`)
  assert.ok(Number.isSafeInteger(body.max_tokens), 'max_tokens is needed')
  const { temperature = 0 } = body as { temperature?: number }
  assert.ok(temperature <= 1, 'temperature is too high')
  for (const [index, message] of body.messages.entries()) checkTurn(body, message, index)
  const last = body.messages.at(-1)
  assert.equal(last?.role, 'user')
  const blocks = blocksOf(last?.content ?? [])
  return {
    text: blocks.map(block => (block.type === 'text' ? block.text : '')).join(''),
    media: blocks.flatMap(media),
    results: blocks.flatMap(block =>
      block.type === 'tool_result'
        ? blocksOf(block.content ?? '').flatMap(part =>
            part.type === 'text' ? [part.text] : media(part),
          )
        : [],
    ),
  }
}

function checkTurn(body: Params, message: Anthropic.MessageParam, index: number): void {
  if (message.role !== 'assistant') return
  const uses = blocksOf(message.content).flatMap(b => (b.type === 'tool_use' ? [b.id] : []))
  const next = body.messages[index + 1]
  const answered = blocksOf(next?.content ?? []).flatMap(b =>
    b.type === 'tool_result' ? [b.tool_use_id] : [],
  )
  assert.deepEqual(answered.toSorted(), uses.toSorted(), 'calls must be answered at once')
  for (const block of blocksOf(message.content))
    if (block.type === 'thinking') assert.equal(block.signature, signature)
}

type Block = Anthropic.ContentBlockParam

function blocksOf(content: string | readonly object[]): readonly Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : (content as Block[])
}

function media(block: Block): string[] {
  if (block.type !== 'image' && block.type !== 'document') return []
  const { source } = block
  if (source.type === 'url') return [`${block.type} ${source.url}`]
  if (source.type !== 'base64') return [`${block.type} ${source.type}`]
  return [`${block.type} data:${source.media_type};base64,${source.data}`.slice(0, 46)]
}

export function messagesAnswer(plan: Plan, model: string): Anthropic.Message {
  const content: object[] = []
  if (plan.kind === 'think') content.push({ type: 'thinking', thinking: 'Hm.', signature })
  if (plan.kind === 'tools') for (const call of calls) content.push({ type: 'tool_use', ...call })
  else content.push({ type: 'text', citations: null, text: textOf(plan) })
  return { ...head(model), content, stop_reason: reason(plan), usage } as Anthropic.Message
}

function head(model: string) {
  return { id: 'msg_up', type: 'message', role: 'assistant', model, stop_sequence: null } as const
}

function textOf(plan: Plan): string {
  return plan.kind === 'text' ? plan.words.join('') : 'Half of'
}

function reason(plan: Plan): Anthropic.StopReason {
  if (plan.kind === 'tools') return 'tool_use'
  if (plan.kind === 'refuse') return 'refusal'
  return plan.kind === 'cut' ? 'max_tokens' : 'end_turn'
}

export function messagesEvents(plan: Plan, model: string): readonly Event[] {
  const message = {
    ...head(model),
    content: [],
    stop_reason: null,
    usage,
  } as unknown as Anthropic.Message
  const events: Event[] = [{ type: 'message_start', message }]
  const block = (start: object, deltas: readonly object[]) => {
    const index = events.filter(event => event.type === 'content_block_start').length
    events.push({ type: 'content_block_start', index, content_block: start } as Event)
    for (const delta of deltas) events.push({ type: 'content_block_delta', index, delta } as Event)
    if (plan.kind !== 'slow' && plan.kind !== 'broken')
      events.push({ type: 'content_block_stop', index })
  }
  if (plan.kind === 'think')
    block({ type: 'thinking', thinking: '', signature: '' }, [
      { type: 'thinking_delta', thinking: 'Hm.' },
      { type: 'signature_delta', signature },
    ])
  if (plan.kind === 'tools')
    for (const { id, name, input } of calls)
      block(
        { type: 'tool_use', id, name, input: {} },
        halves(JSON.stringify(input)).map(text => ({
          type: 'input_json_delta',
          partial_json: text,
        })),
      )
  else
    block(
      { type: 'text', text: '', citations: null },
      (plan.kind === 'text' ? plan.words : ['Half of']).map(text => ({ type: 'text_delta', text })),
    )
  if (plan.kind === 'slow' || plan.kind === 'broken') return events
  const delta = { stop_reason: reason(plan), stop_sequence: null }
  return [
    ...events,
    { type: 'message_delta', delta, usage } as unknown as Event,
    { type: 'message_stop' },
  ]
}
