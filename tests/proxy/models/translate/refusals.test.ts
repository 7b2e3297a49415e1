import t from 'tap'
import { type Dialect, hello, startWire } from './wire.ts'

const untold: readonly (readonly [dialect: Dialect, model: string, more: object, field: string])[] =
  [
    ['chat', 'anthropic', { n: 2 }, 'n'],
    ['chat', 'anthropic', { logprobs: true }, 'logprobs'],
    ['chat', 'anthropic', { logit_bias: { 1: 2 } }, 'logit_bias'],
    ['chat', 'anthropic', { frequency_penalty: 0.1 }, 'frequency_penalty'],
    ['chat', 'anthropic', { modalities: ['audio'] }, 'modalities'],
    ['chat', 'anthropic', { web_search_options: {} }, 'web_search_options'],
    ['chat', 'anthropic', { functions: [{ name: 'f' }] }, 'functions'],
    ['chat', 'anthropic', { something_new: 1 }, 'something_new'],
    ['chat', 'anthropic', { temperature: 1.5 }, 'temperature'],
    ['chat', 'anthropic', { temperature: 0.5, top_p: 0.5 }, 'top_p'],
    ['chat', 'anthropic', { max_tokens: 0 }, 'max_tokens'],
    ['chat', 'anthropic', { stream: 'yes' }, 'stream'],
    ['chat', 'anthropic', { response_format: { type: 'json_object' } }, 'response_format'],
    ['chat', 'anthropic', { tools: [{ type: 'custom' }] }, 'tools[0].type'],
    ['chat', 'anthropic', { tool_choice: { type: 'allowed_tools' } }, 'tool_choice.type'],
    ['chat', 'anthropic', { messages: [] }, 'messages'],
    ['chat', 'anthropic', { messages: [{ role: 'function', content: 'x' }] }, 'messages[0].role'],
    [
      'chat',
      'anthropic',
      { messages: [{ role: 'user', name: 'Eve', content: '' }] },
      'messages[0].name',
    ],
    [
      'chat',
      'anthropic',
      { messages: [{ role: 'user', content: [{ type: 'input_audio' }] }] },
      'messages[0].content[0].type',
    ],
    [
      'chat',
      'anthropic',
      {
        messages: [
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'file:///x' } }] },
        ],
      },
      'messages[0].content[0].image_url.url',
    ],
    [
      'chat',
      'anthropic',
      { messages: [{ role: 'tool', tool_call_id: 'x', content: '' }] },
      'messages[0].tool_call_id',
    ],
    [
      'chat',
      'anthropic',
      {
        messages: [
          {
            role: 'assistant',
            tool_calls: [{ id: 'x', type: 'function', function: { name: 'f', arguments: '{' } }],
          },
        ],
      },
      'messages[0].tool_calls[0].function.arguments',
    ],
    ['chat', 'anthropic', { messages: [{ role: 'assistant', content: 'So' }] }, 'messages'],
    ['messages', 'openai', { messages: [{ role: 'assistant', content: '{' }] }, 'messages'],
    ['responses', 'anthropic', { input: [{ role: 'assistant', content: 'So' }] }, 'input'],
    ['responses', 'anthropic', { previous_response_id: 'resp_1' }, 'previous_response_id'],
    ['responses', 'anthropic', { conversation: 'conv_1' }, 'conversation'],
    ['responses', 'anthropic', { background: true }, 'background'],
    ['responses', 'anthropic', { prompt: { id: 'p' } }, 'prompt'],
    ['responses', 'anthropic', { truncation: 'auto' }, 'truncation'],
    ['responses', 'anthropic', { include: ['file_search_call.results'] }, 'include'],
    ['responses', 'anthropic', { tools: [{ type: 'web_search' }] }, 'tools[0].type'],
    ['responses', 'openai-chat', { tools: [{ type: 'mcp', server_label: 'x' }] }, 'tools[0].type'],
    ['responses', 'openai-chat', { input: [{ type: 'item_reference', id: 'x' }] }, 'input[0]'],
    [
      'responses',
      'openai-chat',
      { input: [{ type: 'web_search_call', id: 'x' }] },
      'input[0].type',
    ],
    ['responses', 'openai-chat', { input: [] }, 'input'],
    ['messages', 'openai', { top_k: 5 }, 'top_k'],
    ['messages', 'openai', { container: 'c' }, 'container'],
    ['messages', 'openai', { inference_geo: 'eu' }, 'inference_geo'],
    ['messages', 'openai', { mcp_servers: [{ name: 'x' }] }, 'mcp_servers'],
    ['messages', 'openai', { tools: [{ type: 'bash_20250124', name: 'bash' }] }, 'tools[0].type'],
    ['messages', 'openai-chat', { max_tokens: null }, 'max_tokens'],
    [
      'messages',
      'openai-chat',
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'file' } }] }] },
      'messages[0].content[0].source.type',
    ],
    [
      'messages',
      'openai-chat',
      { messages: [{ role: 'assistant', content: [{ type: 'server_tool_use' }] }] },
      'messages[0].content[0].type',
    ],
  ]

t.test('what cannot be translated is refused by name and never sent', async t => {
  const wire = await startWire(t)
  for (const [dialect, model, more, field] of untold) {
    const { status, json } = await wire.post(dialect, { ...hello(dialect, model), ...more })
    t.equal(status, 400, field)
    t.ok(json.error.message.startsWith(`${field}: `), json.error.message)
    t.strictSame(
      dialect === 'messages'
        ? { outer: json.type, type: json.error.type }
        : { type: json.error.type, param: json.error.param, code: json.error.code },
      dialect === 'messages'
        ? { outer: 'error', type: 'invalid_request_error' }
        : { type: 'invalid_request_error', param: field, code: 'not_translatable' },
    )
  }
  t.strictSame(wire.arrived, [])
})

t.test('a refusal stays short, however long the name of what is refused', async t => {
  const wire = await startWire(t)
  const asked = { ...hello('chat', 'anthropic'), ['x'.repeat(100_000)]: 1 }
  const { json } = await wire.post('chat', asked)
  t.ok(JSON.stringify(json).length < 1000)
  t.equal(json.error.param, 'x'.repeat(200))
})

t.test('a file that the API of the provider has no place for is refused', async t => {
  const wire = await startWire(t)
  const source = { type: 'url', url: 'https://example.com/a.pdf' }
  const messages = [{ role: 'user', content: [{ type: 'document', source }] }]
  const asked = { max_tokens: 9, messages }
  const { status, json } = await wire.post('messages', { ...asked, model: 'openai-chat' })
  t.equal(status, 400)
  t.match(json.error.message, /PDF file parts with URLs/)
  t.strictSame(wire.arrived, [])
  t.equal((await wire.post('messages', { ...asked, model: 'openai' })).status, 200)
})

t.test('what asks for nothing or is a mere hint is left out', async t => {
  const wire = await startWire(t)
  const hints = {
    chat: {
      n: 1,
      logprobs: false,
      presence_penalty: 0,
      logit_bias: {},
      seed: 1,
      user: 'u',
      store: true,
    },
    responses: {
      background: false,
      truncation: 'disabled',
      include: [],
      prompt_cache_key: 'k',
      store: true,
    },
    messages: {
      metadata: { user_id: 'u' },
      service_tier: 'auto',
      context_management: { edits: [] },
    },
  } as const
  for (const [dialect, model, keys] of [
    ['chat', 'anthropic', ['max_tokens', 'messages', 'model']],
    ['responses', 'openai-chat', ['messages', 'model']],
    ['messages', 'openai', ['input', 'max_output_tokens', 'model', 'store']],
  ] as const) {
    const { status } = await wire.post(dialect, { ...hello(dialect, model), ...hints[dialect] })
    t.equal(status, 200, dialect)
    t.strictSame(Object.keys(wire.sent).toSorted(), keys)
  }
})
