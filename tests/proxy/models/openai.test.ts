import OpenAI from 'openai'
import t from 'tap'
import type { Test } from '../mcp/world.ts'
import { keys } from '../mcp/world.ts'
import { chat, chatToolCall, fakeProvider, json, responses, type Script } from './fake-provider.ts'
import { allModels, credentials, modelWorld, price, provider } from './model-world.ts'

async function start(t: Test, script: Script, more: object = {}) {
  const fake = await fakeProvider(t, script)
  const spec = {
    protocol: 'openai',
    baseUrl: fake.url,
    secretRef: { name: 'openai', key: 'key' },
    models: [{ name: 'gpt-x', upstream: 'gpt-x-2026', aliases: ['fast'], price }],
    ...more,
  }
  const made = await modelWorld(t, [allModels, provider('openai', spec)])
  const client = new OpenAI({ baseURL: made.openai, apiKey: keys.claude, maxRetries: 0 })
  return { ...made, fake, client }
}

const hello = [{ role: 'user' as const, content: 'hello' }]

t.test('a chat completion passes, with the name and the key of the provider', async t => {
  const { client, fake, journal } = await start(t, chat(['he', 'llo']))
  const answer = await client.chat.completions.create({ model: 'gpt-x', messages: hello })
  t.equal(answer.choices[0]?.message.content, 'hello')
  const [got] = fake.got
  t.equal(got?.url, '/v1/chat/completions')
  t.strictSame(got?.body, { model: 'gpt-x-2026', messages: hello })
  t.equal(got?.headers.authorization, `Bearer ${credentials.openai}`)
  t.notMatch(JSON.stringify(got?.headers), keys.claude)
  t.match(journal.entries, [
    {
      phase: 'attempt',
      kind: 'model',
      action: 'allow',
      agent: 'claude',
      apiKey: 'laptop',
      model: 'gpt-x',
      requestedModel: 'gpt-x',
      provider: 'openai',
      endpoint: '/openai/v1/chat/completions',
      stream: false,
      args: { model: 'gpt-x', messages: hello },
    },
    {
      phase: 'outcome',
      status: 'succeeded',
      upstreamStatus: '200',
      usage: {
        inputTokens: 11,
        outputTokens: 2,
        cacheReadTokens: 4,
        reasoningTokens: 1,
      },
      usageSource: 'provider',
      costMicroUsd: 53,
      costSource: 'provider',
    },
  ])
  t.notMatch(JSON.stringify(journal.entries), credentials.openai)
})

t.test('a stream passes, without the usage that the client did not ask for', async t => {
  const { client, fake, journal } = await start(t, chat(['he', 'l', 'lo']))
  const chunks = []
  const asked = { model: 'fast', messages: hello, stream: true } as const
  for await (const chunk of await client.chat.completions.create(asked)) chunks.push(chunk)
  t.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join(''), 'hello')
  t.ok(chunks.every(({ choices }) => choices.length === 1))
  t.strictSame(fake.got[0]?.body.stream_options, { include_usage: true })
  t.match(journal.entries[1], { usage: { inputTokens: 11, outputTokens: 3 }, model: 'gpt-x' })
  t.match(journal.entries[1], { requestedModel: 'fast', stream: true, usageSource: 'provider' })
})

t.test('a stream passes with the usage that the client asked for', async t => {
  const { client } = await start(t, chat(['hello']))
  const chunks = []
  const asked = {
    model: 'gpt-x',
    messages: hello,
    stream: true,
    stream_options: { include_usage: true },
  } as const
  for await (const chunk of await client.chat.completions.create(asked)) chunks.push(chunk)
  t.equal(chunks.at(-1)?.usage?.prompt_tokens, 11)
})

for (const streamed of [false, true]) {
  t.test(`a call of a tool passes, ${streamed ? 'streamed' : 'whole'}`, async t => {
    const { client, fake } = await start(t, chatToolCall('echo', { text: 'hi' }))
    const tools = [
      { type: 'function' as const, function: { name: 'echo', parameters: { type: 'object' } } },
    ]
    const asked = { model: 'gpt-x', messages: hello, tools }
    const call = streamed
      ? (await client.chat.completions.stream(asked).finalMessage()).tool_calls?.[0]
      : (await client.chat.completions.create(asked)).choices[0]?.message.tool_calls?.[0]
    t.match(call, { id: 'call_1', function: { name: 'echo', arguments: '{"text":"hi"}' } })
    t.strictSame(fake.got[0]?.body.tools, tools)
  })

  t.test(`a response passes, ${streamed ? 'streamed' : 'whole'}`, async t => {
    const { client, fake, journal } = await start(t, responses(['he', 'llo']))
    const asked = { model: 'gpt-x', input: 'hello', prompt_cache_key: 'talk-1' }
    const answer = streamed
      ? await client.responses.stream(asked).finalResponse()
      : await client.responses.create(asked)
    t.equal(answer.output_text, 'hello')
    t.equal(fake.got[0]?.url, '/v1/responses')
    t.match(journal.entries[1], {
      session: 'claude/talk-1',
      stream: streamed,
      usage: { inputTokens: 12, outputTokens: 2, cacheReadTokens: 5, reasoningTokens: 2 },
    })
  })
}

t.test('images pass as they are', async t => {
  const { client, fake } = await start(t, chat(['a cat']))
  const url = `data:image/png;base64,${Buffer.from('no real image').toString('base64')}`
  const content = [{ type: 'image_url' as const, image_url: { url } }]
  await client.chat.completions.create({ model: 'gpt-x', messages: [{ role: 'user', content }] })
  t.strictSame(fake.got[0]?.body.messages, [{ role: 'user', content }])
})

t.test('embeddings pass', async t => {
  const usage = { prompt_tokens: 9, total_tokens: 9 }
  const data = [{ object: 'embedding', index: 0, embedding: [0.5, -0.5] }]
  const { client, journal } = await start(t, (_, response) =>
    json(response, { object: 'list', model: 'gpt-x-2026', data, usage }),
  )
  const asked = { model: 'gpt-x', input: 'hello', encoding_format: 'float' } as const
  const answer = await client.embeddings.create(asked)
  t.strictSame(answer.data[0]?.embedding, [0.5, -0.5])
  t.match(journal.entries[1], {
    endpoint: '/openai/v1/embeddings',
    usage: { inputTokens: 9, outputTokens: 0 },
    costMicroUsd: 27,
  })
})

t.test('models are listed by every name', async t => {
  const { client } = await start(t, chat([]))
  const ids = (await client.models.list()).data.map(({ id, owned_by }) => [id, owned_by])
  t.strictSame(ids, [
    ['gpt-x', 'openai'],
    ['fast', 'openai'],
  ])
})

t.test('one model is shown by its name, and one that there is not is not found', async t => {
  const { client } = await start(t, chat([]))
  t.match(await client.models.retrieve('fast'), { id: 'fast', object: 'model', owned_by: 'openai' })
  await t.rejects(client.models.retrieve('gpt-9'), { status: 404, code: 'model_not_found' })
})

t.test('errors of the provider pass as they are', async t => {
  const error = { message: 'too long', type: 'invalid_request_error', param: 'messages', code: 'x' }
  const { client, journal } = await start(t, (_, response) => json(response, { error }, 400))
  const asked = client.chat.completions.create({ model: 'gpt-x', messages: hello })
  await t.rejects(asked, { message: '400 too long', code: 'x' })
  t.match(journal.entries[1], { status: 'failed', upstreamStatus: '400', costMicroUsd: 0 })
})

t.test('a client that hangs up hangs up on the provider, and pays for what it got', async t => {
  const { client, fake, journal } = await start(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const choices = [{ index: 0, delta: { content: 'x'.repeat(30) } }]
    response.write(`data: ${JSON.stringify({ id: '1', choices })}\n\n`)
  })
  const asked = { model: 'gpt-x', messages: hello, stream: true } as const
  for await (const _ of await client.chat.completions.create(asked)) break
  await fake.got[0]?.hungUp
  while (journal.entries.length < 2) await new Promise(resolve => setImmediate(resolve))
  t.match(journal.entries[1], {
    status: 'cancelled',
    usageSource: 'partial',
    usage: { outputTokens: 10 },
  })
})
