import t from 'tap'
import type { AnswerEvent } from '../../../../proxy/models/translate/answer-event.ts'
import { Lanes } from '../../../../proxy/models/translate/lanes.ts'
import { ChatWriter } from '../../../../proxy/models/translate/write-chat.ts'
import { MessagesWriter } from '../../../../proxy/models/translate/write-messages.ts'
import { ResponsesWriter } from '../../../../proxy/models/translate/write-responses.ts'

const frame = { id: 'id', created: 1, model: 'm', newId: () => 'new' }

const call = (name: string, ...deltas: string[]): AnswerEvent[] => [
  { type: 'open', block: { kind: 'tool', id: 'a', name } },
  ...deltas.map(text => ({ type: 'delta' as const, text })),
  { type: 'close' },
]

t.test('a search for tools comes back as one that the client makes', t => {
  const renamed = new Map([['tool_search', { name: 'tool_search', kind: 'search' as const }]])
  const writer = new ResponsesWriter({ frame, asked: {}, renamed })
  for (const event of call('tool_search', '{"query"', ':"x"}')) writer.write(event)
  t.match(writer.whole(), {
    output: [
      {
        type: 'tool_search_call',
        id: 'tsc_new',
        call_id: 'a',
        execution: 'client',
        status: 'completed',
        arguments: { query: 'x' },
      },
    ],
  })
  t.end()
})

t.test('arguments that were cut are not made up', t => {
  const message = new MessagesWriter(frame)
  for (const event of call('f', '{"a":')) message.write(event)
  t.match(message.whole(), { content: [{ type: 'tool_use', input: { unreadable: '{"a":' } }] })
  const renamed = new Map([['f', { name: 'f', kind: 'custom' as const }]])
  const response = new ResponsesWriter({ frame, asked: {}, renamed })
  for (const event of call('f', '{"input":"x')) response.write(event)
  t.match(response.whole(), { output: [{ type: 'custom_tool_call', input: '{"input":"x' }] })
  t.end()
})

t.test('what a model thought is shown in chat completions where clients look for it', t => {
  const writer = new ChatWriter(frame, false)
  const chunk = [
    writer.write({ type: 'open', block: { kind: 'reasoning' } }),
    writer.write({ type: 'delta', text: 'Hm.' }),
    writer.write({ type: 'close' }),
  ].join('')
  t.match(chunk, /"delta":\{"reasoning_content":"Hm\."\}/)
  t.match(writer.whole(), { choices: [{ message: { content: null, reasoning_content: 'Hm.' } }] })
  t.end()
})

t.test('calls that a provider tells of at once come one after the other', t => {
  const lanes = new Lanes()
  const events = [
    lanes.take({ type: 'text-delta', id: '0', delta: 'Well' }),
    lanes.take({ type: 'tool-input-start', id: 'a', toolName: 'f' }),
    lanes.take({ type: 'tool-input-start', id: 'b', toolName: 'g' }),
    lanes.take({ type: 'tool-input-delta', id: 'b', delta: '{' }),
    lanes.take({ type: 'tool-input-delta', id: 'a', delta: '{}' }),
    lanes.take({ type: 'text-delta', id: '0', delta: 'then' }),
    lanes.take({ type: 'tool-input-delta', id: 'b', delta: '}' }),
    lanes.take({ type: 'tool-call', toolCallId: 'a', toolName: 'f', input: '{}' }),
    lanes.take({ type: 'tool-call', toolCallId: 'c', toolName: 'h', input: '' }),
    lanes.take({ type: 'tool-call', toolCallId: 'b', toolName: 'g', input: '{}' }),
    lanes.finish(),
  ].flat()
  t.strictSame(
    events.map(event => {
      if (event.type === 'open')
        return event.block.kind === 'tool' ? event.block.name : event.block.kind
      return event.type === 'delta' ? event.text : event.type
    }),
    ['text', 'Well', 'close', 'f', '{}', 'close', 'g', '{', '}', 'close']
      .concat(['text', 'then', 'close'])
      .concat(['h', '{}', 'close']),
  )
  t.ok(lanes.calls)
  t.end()
})
