import t from 'tap'
import { type Dialect, hello, startWire } from './wire.ts'

t.test('a status of the provider becomes the one that the dialect has for it', async t => {
  const wire = await startWire(t)
  const shown = async (dialect: Dialect, model: string, status: number) => {
    const got = await wire.post(dialect, hello(dialect, model, `error ${status}`))
    const result = wire.gateway.results.at(-1)
    return {
      status: got.status,
      type: got.json.error.type,
      upstream: result?.kind === 'failed' && result.upstreamStatus,
      retryAfter: result?.kind === 'failed' && result.retryAfter,
    }
  }
  const retryAfter = '7'
  t.strictSame(await shown('chat', 'anthropic', 529), {
    status: 503,
    type: 'server_error',
    upstream: 529,
    retryAfter,
  })
  t.strictSame(await shown('messages', 'openai', 503), {
    status: 529,
    type: 'overloaded_error',
    upstream: 503,
    retryAfter,
  })
  t.strictSame(await shown('messages', 'openai-chat', 429), {
    status: 429,
    type: 'rate_limit_error',
    upstream: 429,
    retryAfter,
  })
  t.strictSame(await shown('responses', 'anthropic', 413), {
    status: 413,
    type: 'invalid_request_error',
    upstream: 413,
    retryAfter,
  })
})

t.test('what the provider says of the credential stays here', async t => {
  const wire = await startWire(t)
  for (const [dialect, model] of [
    ['chat', 'anthropic'],
    ['messages', 'openai'],
  ] as const) {
    const { status, json } = await wire.post(dialect, hello(dialect, model, 'error 401'))
    t.equal(status, 401)
    t.equal(json.error.message, 'The provider refused the credential of the gateway.')
  }
})

t.test('a provider that cannot be reached is for the caller of the translation', async t => {
  const wire = await startWire(t)
  await t.rejects(wire.post('chat', hello('chat', 'nobody')))
  t.match(wire.gateway.thrown, [{ message: 'fetch failed' }])
})

t.test('an answer that cannot be read is a failure of the provider', async t => {
  const wire = await startWire(t)
  for (const [dialect, model] of [
    ['chat', 'anthropic'],
    ['messages', 'openai'],
    ['responses', 'openai-chat'],
  ] as const)
    for (const stream of [false, true]) {
      const asked = { ...hello(dialect, model, 'garbage'), stream }
      if (stream) t.match((await wire.events(dialect, asked)).at(-1), failureOf[dialect])
      else t.ok((await wire.post(dialect, asked)).status >= 500)
    }
})

const failureOf = {
  chat: { error: { type: 'server_error' } },
  messages: { type: 'error', error: { type: 'api_error' } },
  responses: { type: 'response.failed' },
} as const

t.test('a stream that the provider breaks off ends with an error of the dialect', async t => {
  const wire = await startWire(t)
  const message = 'The provider broke off or sent an answer that cannot be read.'
  const last = async (dialect: Dialect, model: string) => {
    const events = await wire.events(dialect, { ...hello(dialect, model, 'broken'), stream: true })
    const { usage, complete, outputBytes } = wire.gateway.progress
    t.strictSame({ usage, complete }, { usage: null, complete: false })
    t.ok(outputBytes > 0)
    return events.at(-1)
  }
  const openaiError = { error: { message, type: 'server_error', param: null, code: null } }
  t.strictSame(await last('chat', 'anthropic'), openaiError)
  t.strictSame(await last('messages', 'openai-chat'), {
    type: 'error',
    error: { type: 'api_error', message },
  })
  t.match(await last('responses', 'anthropic'), {
    type: 'response.failed',
    response: { status: 'failed', error: { code: 'server_error', message } },
  })
})

t.test(
  'a connection lost before the answer began is for the caller of the translation too',
  async t => {
    const wire = await startWire(t)
    await t.rejects(wire.post('chat', hello('chat', 'anthropic', 'broken')))
    t.match(wire.gateway.thrown, [{ message: 'fetch failed' }])
  },
)

t.test('a stream tells its usage and what it delivered', async t => {
  const wire = await startWire(t)
  await wire.events('messages', { ...hello('messages', 'openai-chat'), stream: true })
  const { usage, outputBytes, complete } = wire.gateway.progress
  t.strictSame(
    { usage, outputBytes, complete },
    {
      usage: { inputTokens: 100, outputTokens: 20, cacheReadTokens: 30, reasoningTokens: 5 },
      outputBytes: Buffer.byteLength('Hello, wörld.'),
      complete: true,
    },
  )
})
