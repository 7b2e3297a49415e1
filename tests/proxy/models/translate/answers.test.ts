import t from 'tap'
import { hello, startWire } from './wire.ts'

t.test('thinking comes back to the model that thought it, through responses', async t => {
  const wire = await startWire(t)
  const asked = { ...hello('responses', 'anthropic', 'think'), reasoning: { effort: 'high' } }
  const { json } = await wire.post('responses', asked)
  const [reasoning] = json.output
  t.match(reasoning, { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }] })
  const events = await wire.events('responses', { ...asked, stream: true })
  const done = events.filter(event => event.type === 'response.output_item.done')
  t.strictSame(done[0].item.encrypted_content, reasoning.encrypted_content)
  await wire.post('responses', {
    ...asked,
    input: [{ role: 'user', content: 'think' }, ...json.output, { role: 'user', content: 'On.' }],
  })
  t.strictSame(wire.sent.messages[1].content[0], {
    type: 'thinking',
    thinking: 'Hm.',
    signature: 'c2lnbmF0dXJl',
  })
})

t.test('thinking comes back to the model that thought it, through messages', async t => {
  const wire = await startWire(t)
  const asked = {
    ...hello('messages', 'gpt5', 'think'),
    thinking: { type: 'enabled', budget_tokens: 5000 },
  }
  const { json } = await wire.post('messages', asked)
  t.match(json.content[0], { type: 'thinking', thinking: 'Hm.' })
  t.equal(wire.sent.reasoning.effort, 'medium')
  const events = await wire.events('messages', { ...asked, stream: true })
  t.strictSame(
    events
      .filter(event => event.delta?.type === 'signature_delta')
      .map(event => event.delta.signature),
    [json.content[0].signature],
  )
  await wire.post('messages', {
    ...asked,
    messages: [
      { role: 'user', content: 'think' },
      { role: 'assistant', content: json.content },
      { role: 'user', content: 'On.' },
    ],
  })
  t.match(wire.sent.input[1], {
    type: 'reasoning',
    id: 'rs_up',
    encrypted_content: 'Z2hvc3Q=',
    summary: [{ type: 'summary_text', text: 'Hm.' }],
  })
})

t.test('thinking of another provider is left out', async t => {
  const wire = await startWire(t)
  const reasoning = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'whatever' }
  await wire.post('responses', {
    model: 'anthropic',
    input: [{ role: 'user', content: 'hello' }, reasoning, { role: 'user', content: 'On.' }],
  })
  t.strictSame(wire.sent.messages, [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'hello' },
        { type: 'text', text: 'On.' },
      ],
    },
  ])
})

t.test('a model that is using tools does not think on when its thoughts are gone', async t => {
  const wire = await startWire(t)
  const call = { id: 'a', type: 'function', function: { name: 'weather', arguments: '{}' } }
  await wire.post('chat', {
    model: 'sonnet-4',
    reasoning_effort: 'high',
    max_tokens: 9000,
    messages: [
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'a', content: 'sunny' },
    ],
  })
  t.equal(wire.sent.thinking, undefined)
})

t.test(
  'tools of a namespace and tools that take free text come back as they were offered',
  async t => {
    const wire = await startWire(t)
    const asked = {
      ...hello('responses', 'anthropic', 'tools'),
      tools: [
        {
          type: 'namespace',
          name: 'mcp__x',
          description: 'd',
          tools: [{ type: 'function', name: 'echo' }],
        },
        {
          type: 'custom',
          name: 'weather',
          description: 'Says.',
          format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
        },
      ],
    }
    const { json } = await wire.post('responses', asked)
    t.strictSame(
      wire.sent.tools.map(({ name, description }: { name: string; description?: string }) => [
        name,
        description,
      ]),
      [
        ['mcp__x__echo', undefined],
        ['weather', 'Says.\n\nThe input must match this grammar:\nstart: "x"'],
      ],
    )
    t.match(json.output[0], {
      type: 'custom_tool_call',
      call_id: 'call_1',
      name: 'weather',
      input: '{"city":"Oslo"}',
    })
    await wire.post('responses', {
      ...asked,
      input: [
        { role: 'user', content: 'tools' },
        { type: 'function_call', call_id: 'a', namespace: 'mcp__x', name: 'echo', arguments: '{}' },
        { type: 'custom_tool_call', call_id: 'b', name: 'weather', input: 'free' },
        { type: 'function_call_output', call_id: 'a', output: '1' },
        { type: 'custom_tool_call_output', call_id: 'b', output: '2' },
      ],
    })
    t.strictSame(wire.sent.messages[1].content, [
      { type: 'tool_use', id: 'a', name: 'mcp__x__echo', input: {} },
      { type: 'tool_use', id: 'b', name: 'weather', input: { input: 'free' } },
    ])
  },
)

t.test('tools that a client searches for are offered once found', async t => {
  const wire = await startWire(t)
  const found = { type: 'namespace', name: 'mcp__x', tools: [{ type: 'function', name: 'echo' }] }
  const asked = {
    model: 'anthropic',
    tools: [{ type: 'tool_search', execution: 'client', parameters: { type: 'object' } }],
    input: [
      { role: 'user', content: 'hello' },
      {
        type: 'tool_search_call',
        call_id: 'a',
        execution: 'client',
        arguments: { query: 'echo' },
      },
      { type: 'tool_search_output', call_id: 'a', execution: 'client', tools: [found] },
    ],
  }
  const { json } = await wire.post('responses', asked)
  t.equal(json.output[0].content[0].text, 'Heard Now available: mcp__x__echo')
  t.strictSame(
    wire.sent.tools.map(({ name }: { name: string }) => name),
    ['tool_search', 'mcp__x__echo'],
  )
  const server = { ...asked, tools: [{ type: 'tool_search' }] }
  t.equal((await wire.post('responses', server)).json.error.param, 'tools[0].type')
})

t.test('tools that the input brings along come back with their namespace', async t => {
  const wire = await startWire(t)
  const custom = { type: 'custom', name: 'weather' }
  const functions = { type: 'namespace', name: 'functions', tools: [custom] }
  const asked = {
    model: 'anthropic',
    input: [
      { type: 'additional_tools', role: 'developer', tools: [functions] },
      { role: 'user', content: 'hello' },
      {
        type: 'custom_tool_call',
        call_id: 'a',
        namespace: 'functions',
        name: 'weather',
        input: 'x',
      },
      {
        type: 'custom_tool_call_output',
        call_id: 'a',
        output: [{ type: 'input_text', text: 'ok' }],
      },
    ],
  }
  const { json } = await wire.post('responses', asked)
  t.equal(json.output[0].content[0].text, 'Heard ok')
  t.equal(wire.sent.messages[1].content[0].name, 'functions__weather')
})

t.test('a stream of a message has the events that clients need, in order', async t => {
  const wire = await startWire(t)
  const events = await wire.events('messages', {
    ...hello('messages', 'openai-chat', 'tools'),
    stream: true,
  })
  t.strictSame(
    events.map(event => [event.type, event.index].filter(part => part !== undefined).join(' ')),
    [
      'message_start',
      ...[0, 1].flatMap(index => [
        `content_block_start ${index}`,
        `content_block_delta ${index}`,
        `content_block_delta ${index}`,
        `content_block_stop ${index}`,
      ]),
      'message_delta',
      'message_stop',
    ],
  )
})

t.test('a stream of a response has the events that clients need, numbered', async t => {
  const wire = await startWire(t)
  const events = await wire.events('responses', {
    ...hello('responses', 'anthropic'),
    stream: true,
  })
  t.strictSame(
    events.map(event => event.sequence_number),
    [...events.keys()],
  )
  t.strictSame(
    [...new Set(events.map(event => event.type))],
    [
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ],
  )
})

t.test('the chunk with the usage comes to those who asked for it', async t => {
  const wire = await startWire(t)
  const asked = { ...hello('chat', 'anthropic'), stream: true }
  const plain = await wire.events('chat', asked)
  const counted = await wire.events('chat', { ...asked, stream_options: { include_usage: true } })
  t.strictSame(
    plain.filter(event => event !== '[DONE]' && 'usage' in event),
    [],
  )
  t.match(counted.at(-2), { choices: [], usage: { prompt_tokens: 100, completion_tokens: 20 } })
  t.strictSame([plain.at(-1), counted.at(-1)], ['[DONE]', '[DONE]'])
})

t.test('a refusal of the model is one in every dialect', async t => {
  const wire = await startWire(t)
  const chat = await wire.post('chat', hello('chat', 'anthropic', 'refuse'))
  t.equal(chat.json.choices[0].finish_reason, 'content_filter')
  const message = await wire.post('messages', hello('messages', 'openai-chat', 'refuse'))
  t.match(message.json, { stop_reason: 'refusal', content: [{ type: 'text', text: 'No.' }] })
  const response = await wire.post('responses', hello('responses', 'openai-chat', 'refuse'))
  t.match(response.json, { status: 'incomplete', incomplete_details: { reason: 'content_filter' } })
})
