import t from 'tap'
import { hello, startWire } from './wire.ts'

const schema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}
const png = 'bm90IGEgcG5n'

t.test('a chat completion arrives as a message', async t => {
  const wire = await startWire(t, 400)
  await wire.post('chat', {
    model: 'sonnet-4',
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
      { role: 'user', content: 'tools' },
      {
        role: 'assistant',
        content: 'I look.',
        tool_calls: [
          {
            id: 'a',
            type: 'function',
            function: { name: 'weather', arguments: '{"city":"Oslo"}' },
          },
          { id: 'b', type: 'function', function: { name: 'clock', arguments: '' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: 'sunny' },
      { role: 'tool', tool_call_id: 'b', content: [{ type: 'text', text: 'noon' }] },
      { role: 'user', content: [{ type: 'text', text: 'And?' }] },
    ],
    max_tokens: 1000,
    temperature: 0,
    stop: 'END',
    parallel_tool_calls: false,
    tool_choice: { type: 'function', function: { name: 'weather' } },
    tools: [
      { type: 'function', function: { name: 'weather', description: 'w', parameters: schema } },
      { type: 'function', function: { name: 'clock' } },
    ],
  })
  t.strictSame(wire.sent, {
    model: 'claude-sonnet-4-0',
    max_tokens: 400,
    temperature: 0,
    stop_sequences: ['END'],
    system: [
      { type: 'text', text: 'Be brief.' },
      { type: 'text', text: 'Be kind.' },
    ],
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'tools' }] },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'I look.' },
          { type: 'tool_use', id: 'a', name: 'weather', input: { city: 'Oslo' } },
          { type: 'tool_use', id: 'b', name: 'clock', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: 'sunny' },
          { type: 'tool_result', tool_use_id: 'b', content: 'noon' },
          { type: 'text', text: 'And?' },
        ],
      },
    ],
    tools: [
      { name: 'weather', description: 'w', input_schema: schema },
      { name: 'clock', input_schema: { type: 'object', properties: {} } },
    ],
    tool_choice: { type: 'tool', name: 'weather', disable_parallel_tool_use: true },
  })
})

const claudeCode = {
  system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
  max_tokens: 32_000,
  metadata: { user_id: '{"session_id":"x"}' },
  thinking: { type: 'adaptive' },
  context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
  tools: [
    { name: 'ToolSearch', input_schema: schema },
    { name: 'late', defer_loading: true, input_schema: schema },
  ],
  messages: [
    { role: 'user', content: 'look' },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 'of somebody else' },
        {
          type: 'tool_use',
          id: 'a',
          name: 'ToolSearch',
          input: { city: 'x' },
          caller: { type: 'direct' },
        },
        { type: 'tool_use', id: 'b', name: 'late', input: {} },
      ],
    },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: 'a',
          content: [{ type: 'tool_reference', tool_name: 'late' }],
        },
        {
          type: 'tool_result',
          tool_use_id: 'b',
          content: [
            { type: 'text', text: 'seen' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: png } },
          ],
        },
        { type: 'text', text: 'Go on.', cache_control: { type: 'ephemeral' } },
      ],
    },
  ],
}

t.test('a message of a coding agent arrives as a chat completion', async t => {
  const wire = await startWire(t)
  const { status } = await wire.post('messages', { model: 'openai-chat', ...claudeCode })
  t.equal(status, 200)
  t.strictSame(wire.sent.messages, [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'look' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'ToolSearch', arguments: '{"city":"x"}' } },
        { id: 'b', type: 'function', function: { name: 'late', arguments: '{}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'a', content: 'Tool late is available.' },
    { role: 'tool', tool_call_id: 'b', content: 'seen\n(The file is in the next message.)' },
    {
      role: 'user',
      content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } }],
    },
    { role: 'user', content: 'Go on.' },
  ])
  t.equal(wire.sent.max_tokens, 32_000)
})

t.test(
  'a message of a coding agent arrives as a request for a response that is not kept',
  async t => {
    const wire = await startWire(t)
    const { status } = await wire.post('messages', { model: 'gpt5', ...claudeCode })
    t.equal(status, 200)
    const { store, include, reasoning, input, tools } = wire.sent
    t.strictSame(
      { store, include, reasoning },
      {
        store: false,
        include: ['reasoning.encrypted_content'],
        reasoning: { summary: 'auto' },
      },
    )
    t.strictSame(input.at(-2), {
      type: 'function_call_output',
      call_id: 'b',
      output: [
        { type: 'input_text', text: 'seen' },
        { type: 'input_image', image_url: `data:image/png;base64,${png}` },
      ],
    })
    t.strictSame(tools[1], { type: 'function', name: 'late', parameters: schema, strict: false })
  },
)

t.test('stop sequences take a message to chat completions, which know them', async t => {
  const wire = await startWire(t)
  await wire.post('messages', { ...hello('messages', 'openai'), stop_sequences: ['END'] })
  t.strictSame(
    { path: wire.arrived.at(-1)?.path, stop: wire.sent.stop },
    { path: '/v1/chat/completions', stop: ['END'] },
  )
})

t.test('a schema for the answer arrives in the form of the provider', async t => {
  const wire = await startWire(t)
  const format = { type: 'json_schema', name: 'place', strict: true, schema }
  await wire.post('chat', {
    ...hello('chat', 'sonnet-4'),
    response_format: { type: 'json_schema', json_schema: { name: 'place', schema } },
  })
  t.match(wire.sent, {
    tools: [{ name: 'json', input_schema: schema }],
    tool_choice: { type: 'any' },
  })
  await wire.post('responses', { ...hello('responses', 'openai-chat'), text: { format } })
  t.strictSame(wire.sent.response_format, {
    type: 'json_schema',
    json_schema: { name: 'place', strict: true, schema },
  })
  await wire.post('messages', {
    ...hello('messages', 'openai'),
    output_config: { format: { type: 'json_schema', schema } },
  })
  t.strictSame(wire.sent.text.format, {
    type: 'json_schema',
    name: 'response',
    strict: true,
    schema,
  })
})

t.test('thinking is part of the tokens that a budget pays for', async t => {
  const wire = await startWire(t, 5000)
  await wire.post('chat', { ...hello('chat', 'sonnet-4'), reasoning_effort: 'high' })
  t.strictSame(
    { max_tokens: wire.sent.max_tokens, thinking: wire.sent.thinking },
    { max_tokens: 5000, thinking: { type: 'enabled', budget_tokens: 2500 } },
  )
  await wire.post('chat', {
    ...hello('chat', 'sonnet-4'),
    reasoning_effort: 'high',
    max_tokens: 300,
  })
  t.strictSame(
    { max_tokens: wire.sent.max_tokens, thinking: wire.sent.thinking },
    { max_tokens: 300, thinking: undefined },
  )
})

t.test(
  'what a model does not take as asked is told in a warning without words of the prompt',
  async t => {
    const wire = await startWire(t)
    await wire.post('chat', { ...hello('chat', 'anthropic'), max_tokens: 9, temperature: 0.3 })
    t.match(wire.gateway.results, [{ warnings: ['temperature is not supported as asked'] }])
  },
)

t.test('no credential of the library leaves, and no word about who asks', async t => {
  const wire = await startWire(t)
  await wire.post('chat', hello('chat', 'anthropic'))
  const { authorization, 'x-api-key': key, 'user-agent': agent } = wire.arrived[0]!.headers
  t.strictSame(
    { authorization, key },
    { authorization: 'Bearer upstream-key', key: 'upstream-key' },
  )
  t.notMatch(agent, /ai-sdk/)
})
