import t from 'tap'
import { hello, startWire } from './wire.ts'

const parameters = { type: 'object', properties: {}, additionalProperties: false }
const chatTools = [{ type: 'function', function: { name: 'f', parameters, strict: true } }]
const responsesTools = [{ type: 'function', name: 'f', parameters, strict: true }]
const messagesTools = [{ type: 'custom', name: 'f', input_schema: parameters }]

t.test('which tool must be called is told in the words of the provider', async t => {
  const wire = await startWire(t)
  for (const [asked, sent] of [
    ['auto', { type: 'auto' }],
    ['none', { type: 'none' }],
    ['required', { type: 'any' }],
    [
      { type: 'function', function: { name: 'f' } },
      { type: 'tool', name: 'f' },
    ],
  ]) {
    await wire.post('chat', { ...hello('chat', 'sonnet-4'), tools: chatTools, tool_choice: asked })
    t.match(wire.sent.tool_choice ?? { type: 'none' }, sent)
  }
  for (const asked of ['auto', 'none', 'required'])
    for (const model of ['openai-chat']) {
      const body = { ...hello('responses', model), tools: responsesTools, tool_choice: asked }
      await wire.post('responses', { ...body, parallel_tool_calls: false })
      t.equal(wire.sent.tool_choice, asked)
      t.equal(wire.sent.parallel_tool_calls, false)
    }
  for (const [asked, sent] of [
    [{ type: 'auto' }, 'auto'],
    [{ type: 'none' }, 'none'],
    [{ type: 'any', disable_parallel_tool_use: true }, 'required'],
    [
      { type: 'tool', name: 'f' },
      { type: 'function', name: 'f' },
    ],
  ]) {
    const body = { ...hello('messages', 'openai'), tools: messagesTools, tool_choice: asked }
    await wire.post('messages', body)
    t.strictSame(wire.sent.tool_choice, sent)
  }
})

t.test('a budget of thinking is an effort at OpenAI, unless an effort is said', async t => {
  const wire = await startWire(t)
  for (const [budget_tokens, effort] of [
    [1024, 'low'],
    [8000, 'medium'],
    [30_000, 'high'],
  ]) {
    const thinking = { type: 'enabled', budget_tokens }
    await wire.post('messages', { ...hello('messages', 'gpt5'), thinking })
    t.strictSame(wire.sent.reasoning, { effort, summary: 'auto' })
    const output_config = { effort: 'minimal' }
    await wire.post('messages', { ...hello('messages', 'gpt5'), thinking, output_config })
    t.equal(wire.sent.reasoning.effort, 'minimal')
  }
  const thinking = { type: 'disabled' }
  await wire.post('messages', { ...hello('messages', 'gpt5'), thinking })
  t.equal(wire.sent.reasoning, undefined)
})

const pdf = Buffer.from('%PDF-1.7').toString('base64')

t.test('files arrive as files', async t => {
  const wire = await startWire(t)
  const file_data = `data:application/pdf;base64,${pdf}`
  const document = {
    type: 'document',
    source: { type: 'base64', media_type: 'application/pdf', data: pdf },
  }
  await wire.post('chat', {
    model: 'anthropic',
    messages: [
      { role: 'user', content: [{ type: 'file', file: { filename: 'a.pdf', file_data } }] },
    ],
  })
  t.match(wire.sent.messages[0].content, [{ ...document, title: 'a.pdf' }])
  await wire.post('responses', {
    model: 'anthropic',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_file', filename: 'a.pdf', file_data },
          { type: 'input_file', file_url: 'https://example.com/b.pdf' },
        ],
      },
    ],
  })
  t.match(wire.sent.messages[0].content, [
    { ...document, title: 'a.pdf' },
    { type: 'document', source: { type: 'url', url: 'https://example.com/b.pdf' } },
  ])
  const text = { type: 'text', media_type: 'text/plain', data: 'words' }
  await wire.post('messages', {
    model: 'openai-chat',
    max_tokens: 9,
    messages: [
      {
        role: 'user',
        content: [
          { ...document, title: 'a.pdf', context: 'of 2026' },
          { type: 'document', source: text },
          { type: 'document', source: { type: 'content', content: 'more' } },
        ],
      },
    ],
  })
  t.strictSame(wire.sent.messages[0].content, [
    { type: 'text', text: 'a.pdf' },
    { type: 'text', text: 'of 2026' },
    { type: 'file', file: { filename: 'a.pdf', file_data } },
    { type: 'text', text: 'words' },
    { type: 'text', text: 'more' },
  ])
})

t.test('a tool that failed is told to have failed', async t => {
  const wire = await startWire(t)
  const post = async (content: unknown) =>
    await wire.post('messages', {
      model: 'openai-chat',
      max_tokens: 9,
      messages: [
        { role: 'user', content: 'hello' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: {} }] },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: 'a', is_error: true, content }],
        },
      ],
    })
  await post('no disk')
  t.equal(wire.sent.messages[2].content, '{"error":"no disk"}')
  const source = { type: 'url', url: 'https://example.com/x.png' }
  await post([{ type: 'image', source }])
  t.match(wire.sent.messages[2].content, /^The tool failed\./)
  await post(undefined)
  t.equal(wire.sent.messages[2].content, '{"error":""}')
})
