import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import t from 'tap'
import { keys, type Test } from '../mcp/world.ts'
import { event, fakeProvider, json, type Script, stream } from './fake-provider.ts'
import { allModels, credentials, modelWorld, price, provider } from './model-world.ts'

type Options = Parameters<typeof modelWorld>[2]

async function start(t: Test, script: Script, more: object = {}, options: Options = {}) {
  const fake = await fakeProvider(t, script)
  const models = [{ name: 'model-x', price, maxOutputTokens: 100 }]
  const documents = [
    allModels,
    provider('openai', { protocol: 'openai', baseUrl: fake.url, models, ...more }),
    provider('anthropic', {
      protocol: 'anthropic',
      baseUrl: fake.url,
      models: [{ name: 'claude-x', price }],
    }),
  ]
  const made = await modelWorld(t, documents, options)
  const openai = new OpenAI({ baseURL: made.openai, apiKey: keys.claude, maxRetries: 0 })
  const anthropic = new Anthropic({ baseURL: made.anthropic, apiKey: keys.claude, maxRetries: 0 })
  const outcomes = () =>
    made.journal.entries
      .filter(({ phase }) => phase === 'outcome')
      .map(({ status, upstreamStatus, usageSource }) => [status, upstreamStatus, usageSource])
  return { ...made, fake, openai, anthropic, outcomes }
}

const hello = [{ role: 'user' as const, content: 'hello' }]
const ask = { model: 'model-x', messages: hello }

t.test('a provider that is not there is told of as such', async t => {
  const { openai, fake, outcomes, journal } = await start(t, () => undefined)
  fake.close()
  await t.rejects(openai.chat.completions.create(ask), {
    message: /^502 Writ allowed .* cannot be reached/,
    code: 'upstream_away',
  })
  t.strictSame(outcomes(), [['failed', 'upstream_unreachable', undefined]])
  t.match(journal.entries[1], { charges: [], costMicroUsd: 0 })
})

t.test('a provider that hangs up without an answer may have done it', async t => {
  const { openai, outcomes } = await start(t, (_, response) => response.destroy())
  await t.rejects(openai.chat.completions.create(ask), { message: /^502 / })
  t.strictSame(outcomes(), [['unknown', 'upstream_lost', undefined]])
})

t.test('a provider that does not answer in time is given up', async t => {
  const { openai, fake, outcomes } = await start(t, () => undefined, { timeout: '50ms' })
  await t.rejects(openai.chat.completions.create(ask), {
    message: /^504 .*in time/,
    code: 'upstream_timeout',
  })
  await fake.got[0]?.hungUp
  t.strictSame(outcomes(), [['unknown', 'upstream_timeout', undefined]])
})

t.test('a stream that stalls is ended with an error that clients understand', async t => {
  const { openai, outcomes } = await start(
    t,
    (_, response) => {
      stream(response)
      event(response, { id: '1', choices: [{ index: 0, delta: { content: 'abcdef' } }] })
    },
    { timeout: '50ms' },
  )
  const heard: string[] = []
  const listen = async () => {
    for await (const chunk of await openai.chat.completions.create({ ...ask, stream: true })) {
      heard.push(chunk.choices[0]?.delta.content ?? '')
    }
  }
  await t.rejects(listen(), { message: /in time/ })
  t.strictSame(heard, ['abcdef'])
  t.strictSame(outcomes(), [['failed', 'upstream_timeout', 'partial']])
})

t.test(
  'a stream that breaks off in the middle of an event does not end as if it were whole',
  async t => {
    const { anthropic, openai, outcomes } = await start(t, ({ url }, response) => {
      stream(response)
      if (url.startsWith('/v1/messages')) {
        const message = { content: [], usage: { input_tokens: 7, output_tokens: 1 } }
        event(response, { type: 'message_start', message }, 'message_start')
      } else event(response, { id: '1', choices: [{ index: 0, delta: { content: 'ab' } }] })
      response.write('data: {"half of it', () => response.destroy())
    })
    const messages = async () => {
      const asked = { model: 'claude-x', max_tokens: 9, messages: hello, stream: true } as const
      for await (const _ of await anthropic.messages.create(asked));
    }
    await t.rejects(messages())
    const chat = async () => {
      for await (const _ of await openai.chat.completions.create({ ...ask, stream: true }));
    }
    await t.rejects(chat(), { message: /connection to the server was lost/ })
    const responses = async () => {
      const asked = { model: 'model-x', input: 'x', stream: true } as const
      for await (const _ of await openai.responses.create(asked));
    }
    await t.rejects(responses())
    t.strictSame(
      outcomes(),
      Array.from({ length: 3 }, () => ['failed', 'upstream_lost', 'partial']),
    )
  },
)

t.test('what a provider says that is no answer passes, and is charged by estimate', async t => {
  const { url, journal } = await start(t, (_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>It works!</h1>'),
  )
  const answer = await fetch(new URL('/openai/v1/chat/completions', url), {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.claude}` },
    body: JSON.stringify(ask),
  })
  t.equal(await answer.text(), '<h1>It works!</h1>')
  t.match(journal.entries[1], {
    status: 'succeeded',
    usageSource: 'estimated',
    usage: { inputTokens: 17, outputTokens: 6 },
  })
})

t.test('garbage in place of HTTP is a connection that was lost', async t => {
  const { openai, outcomes } = await start(t, (_, response) => {
    response.socket?.end('this is not HTTP\r\n\r\n')
  })
  await t.rejects(openai.chat.completions.create(ask), { message: /^502 / })
  t.strictSame(outcomes(), [['unknown', 'upstream_lost', undefined]])
})

t.test('usage that makes no sense is not believed', async t => {
  const usage = { prompt_tokens: -5, completion_tokens: 1e300, total_tokens: 'many' }
  const { openai, journal } = await start(t, (_, response) =>
    json(response, { choices: [], usage }),
  )
  await openai.chat.completions.create(ask)
  t.match(journal.entries[1], { usageSource: 'estimated', usage: { inputTokens: 17 } })
})

t.test('a long answer that is no stream passes, and its usage is found', async t => {
  const data = Array.from({ length: 20_000 }, (_, index) => ({
    object: 'embedding',
    index,
    embedding: [0.123456789, -0.987654321, 0.5],
  }))
  const usage = { prompt_tokens: 77, total_tokens: 77 }
  const { openai, journal } = await start(t, (_, response) =>
    json(response, { object: 'list', data, model: 'm', usage }),
  )
  const input = { model: 'model-x', input: 'x', encoding_format: 'float' } as const
  t.equal((await openai.embeddings.create(input)).data.length, 20_000)
  while (journal.entries.length < 2) await new Promise(resolve => setImmediate(resolve))
  t.match(journal.entries[1], {
    usageSource: 'provider',
    usage: { inputTokens: 77, outputTokens: 0 },
  })
})

t.test('what cannot be recorded is not sent, and what cannot be ended is not whole', async t => {
  const { openai, fake, journal } = await start(t, (_, response) =>
    json(response, { choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } }),
  )
  journal.broken = () => true
  await t.rejects(openai.chat.completions.create(ask), { code: 'not_recorded' })
  t.equal(fake.got.length, 0)
  journal.broken = ({ phase }) => phase === 'outcome'
  await t.rejects(openai.chat.completions.create(ask), { code: 'not_recorded' })
  t.equal(fake.got.length, 1)
})

t.test('what should not happen is refused, said in the log, and ends nothing', async t => {
  const odd = (): never => {
    throw new Error('an odd budget')
  }
  const budgets = { reserve: odd, reserveTool: odd, reconsider: odd }
  const { openai, fake, logged } = await start(t, () => undefined, {}, { budgets })
  for (let i = 0; i < 2; i++) {
    await t.rejects(openai.chat.completions.create(ask), { code: 'internal_error' })
  }
  t.equal(fake.got.length, 0)
  t.match(logged, [
    ['error', { err: { message: 'an odd budget' } }, 'unexpected error'],
    ['error', { err: { message: 'an odd budget' } }, 'unexpected error'],
  ])
})

t.test('a client that goes away before the answer is heard by the provider', async t => {
  const { openai, fake, journal } = await start(t, () => undefined)
  const stop = new AbortController()
  const asked = openai.chat.completions.create(ask, { signal: stop.signal })
  while (fake.got.length === 0) await new Promise(resolve => setImmediate(resolve))
  stop.abort()
  await t.rejects(asked)
  await fake.got[0]?.hungUp
  while (journal.entries.length < 2) await new Promise(resolve => setImmediate(resolve))
  t.match(journal.entries[1], { status: 'cancelled', upstreamStatus: 'cancelled' })
})

t.test('no secret stands in an error, a record or a log', async t => {
  const { openai, journal, logged } = await start(
    t,
    ({ headers }, response) =>
      json(response, { error: { message: 'Incorrect API key', headers: headers.host } }, 401),
    { secretRef: { name: 'openai', key: 'key' } },
  )
  const error = await openai.chat.completions
    .create({
      ...ask,
      messages: [{ role: 'user', content: `my key is ${keys.claude} sk-abcdefghijklmnopqrstu` }],
    })
    .catch(String)
  const all = JSON.stringify([error, journal.entries, logged])
  t.notMatch(all, credentials.openai)
  t.notMatch(all, 'sk-abcdefghijklmnopqrstu')
})
