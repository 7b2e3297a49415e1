import Anthropic from '@anthropic-ai/sdk'
import t from 'tap'
import { keys, type Test } from '../mcp/world.ts'
import { event, fakeProvider, json, messages, type Script, stream } from './fake-provider.ts'
import { allModels, credentials, modelWorld, price, provider } from './model-world.ts'

async function start(t: Test, script: Script) {
  const fake = await fakeProvider(t, script)
  const spec = {
    protocol: 'anthropic',
    baseUrl: fake.url,
    secretRef: { name: 'anthropic', key: 'key' },
    models: [{ name: 'claude-x', upstream: 'claude-x-2026', price }],
  }
  const made = await modelWorld(t, [allModels, provider('anthropic', spec)])
  const client = new Anthropic({ baseURL: made.anthropic, apiKey: keys.claude, maxRetries: 0 })
  return { ...made, fake, client }
}

const hello = [{ role: 'user' as const, content: 'hello' }]
const asked = { model: 'claude-x', max_tokens: 100, messages: hello }

t.test('a message passes, with the name and the key of the provider', async t => {
  const { client, fake, journal } = await start(t, messages(['he', 'llo']))
  const answer = await client.messages.create(asked)
  t.match(answer.content, [{ type: 'text', text: 'hello' }])
  const [got] = fake.got
  t.equal(got?.url, '/v1/messages')
  t.strictSame(got?.body, { ...asked, model: 'claude-x-2026' })
  t.equal(got?.headers['x-api-key'], credentials.anthropic)
  t.match(got?.headers['anthropic-version'], /^\d{4}-\d\d-\d\d$/)
  t.notMatch(JSON.stringify(got?.headers), keys.claude)
  t.match(journal.entries[1], {
    status: 'succeeded',
    usage: { inputTokens: 133, outputTokens: 2, cacheReadTokens: 100, cacheWriteTokens: 20 },
    usageSource: 'provider',
    costMicroUsd: 13 * 3 + 30 + 75 + 30,
  })
})

t.test('a stream passes byte for byte', async t => {
  const { client, journal } = await start(t, messages(['he', 'l', 'lo']))
  const told = client.messages.stream(asked)
  const types: string[] = []
  told.on('streamEvent', ({ type }) => types.push(type))
  t.match(await told.finalMessage(), {
    content: [{ type: 'text', text: 'hello' }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 13, output_tokens: 3 },
  })
  t.equal(types.length, 8)
  t.match(journal.entries[1], {
    stream: true,
    usage: { inputTokens: 133, outputTokens: 3 },
    usageSource: 'provider',
  })
})

t.test('betas, unknown headers and unknown members pass; those of one hop do not', async t => {
  const { client, fake } = await start(t, messages(['hi']))
  const headers = { 'x-new': 'header', cookie: 'a=b', 'x-forwarded-for': '1.2.3.4' }
  const betas = { 'anthropic-beta': 'context-1m-2025-08-07', 'anthropic-version': '2023-06-01' }
  const body = { ...asked, novel: { a: 1 } } as never
  const query = { beta: 'true', model: 'another' }
  await client.messages.create(body, { headers: { ...headers, ...betas }, query })
  const [got] = fake.got
  t.equal(got?.url, '/v1/messages?beta=true')
  t.match(got?.headers, { ...betas, 'x-new': 'header' })
  t.strictSame([got?.headers.cookie, got?.headers['x-forwarded-for']], [undefined, undefined])
  t.strictSame(got?.body.novel, { a: 1 })
})

t.test('a bearer token is as good as an API key', async t => {
  const { anthropic } = await start(t, messages(['hi']))
  const client = new Anthropic({ baseURL: anthropic, authToken: keys.claude, apiKey: null })
  t.match(await client.messages.create(asked), { content: [{ text: 'hi' }] })
})

t.test('tokens are counted by the provider, for nothing', async t => {
  const { client, journal } = await start(t, messages([]))
  const counted = await client.messages.countTokens({ model: 'claude-x', messages: hello })
  t.equal(counted.input_tokens, 42)
  t.match(journal.entries[1], { endpoint: '/anthropic/v1/messages/count_tokens', costMicroUsd: 0 })
})

t.test('models are listed, in pages', async t => {
  const { client } = await start(t, messages([]))
  const ids: string[] = []
  for await (const { id } of client.models.list({ limit: 1 })) ids.push(id)
  t.strictSame(ids, ['claude-x'])
})

t.test('one model is shown by its name, and one that there is not is not found', async t => {
  const { client } = await start(t, messages([]))
  t.match(await client.models.retrieve('claude-x'), { id: 'claude-x', type: 'model' })
  await t.rejects(client.models.retrieve('claude-9'), { message: /^404 / })
})

t.test('errors of the provider pass as they are', async t => {
  const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
  const { client } = await start(t, (_, response) => json(response, error, 529))
  await t.rejects(client.messages.create(asked), { message: /^529 .*Overloaded/ })
})

t.test('the kind of an agent tells where it says its session', async t => {
  const { client, journal } = await start(t, messages(['hi']))
  const session = (headers: Record<string, string>) => client.messages.create(asked, { headers })
  await session({ 'x-claude-code-session-id': 'own' })
  await session({ 'x-claude-code-session-id': 'own', 'x-writ-session-id': 'named' })
  await session({ 'session-id': 'of-codex' })
  const sessions = journal.entries.filter(({ phase }) => phase === 'outcome').map(e => e.session)
  t.strictSame(sessions.slice(0, 2), ['claude/own', 'claude/named'])
  t.match(sessions[2], /^claude\/laptop\/\d+$/)
})

t.test('what was reported before a client hung up is charged, and what it got besides', async t => {
  const { client, fake, journal } = await start(t, (_, response) => {
    stream(response)
    const usage = { input_tokens: 50, output_tokens: 1 }
    event(response, { type: 'message_start', message: { content: [], usage } }, 'message_start')
    const delta = { type: 'text_delta', text: 'y'.repeat(60) }
    event(response, { type: 'content_block_delta', index: 0, delta }, 'content_block_delta')
  })
  let events = 0
  for await (const _ of await client.messages.create({ ...asked, stream: true })) {
    if (++events === 2) break
  }
  await fake.got[0]?.hungUp
  while (journal.entries.length < 2) await new Promise(resolve => setImmediate(resolve))
  t.match(journal.entries[1], {
    status: 'cancelled',
    usageSource: 'partial',
    usage: { inputTokens: 50, outputTokens: 20 },
    costMicroUsd: 50 * 3 + 20 * 15,
  })
})
