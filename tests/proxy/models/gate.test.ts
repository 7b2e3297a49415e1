import t from 'tap'
import { endpointOf, endpoints } from '../../../proxy/models/endpoint.ts'
import { send } from '../mcp/raw-client.ts'
import { keys } from '../mcp/world.ts'
import { chat, fakeProvider, messages } from './fake-provider.ts'
import { allModels, modelWorld, price, provider } from './model-world.ts'

const key = { 'x-api-key': keys.claude }

/** Everything that model clients were seen to send, and what becomes of it. */
const verdicts: readonly (readonly [method: string, path: string, verdict: string])[] = [
  ['GET', '/openai/v1/models', 'list'],
  ['POST', '/openai/v1/chat/completions', 'generate'],
  ['POST', '/openai/v1/responses', 'generate'],
  ['POST', '/openai/v1/embeddings', 'embed'],
  ['HEAD', '/anthropic/', 'probe'],
  ['HEAD', '/anthropic/api/hello', 'probe'],
  ['GET', '/anthropic/v1/models', 'list'],
  ['POST', '/anthropic/v1/messages', 'generate'],
  ['POST', '/anthropic/v1/messages/count_tokens', 'count'],
  ['GET', '/openai/v1/responses', 'wrong_method'],
  ['DELETE', '/anthropic/v1/messages', 'wrong_method'],
  ['POST', '/openai/v1/models', 'wrong_method'],
  ['POST', '/openai/v1/completions', 'unknown'],
  ['GET', '/openai/v1/models/gpt-x', 'show'],
  ['GET', '/openai/v1/models/meta%2Fllama', 'show'],
  ['GET', '/anthropic/v1/models/claude-x', 'show'],
  ['DELETE', '/openai/v1/models/ft:gpt-x', 'wrong_method'],
  ['GET', '/openai/v1/models/', 'unknown'],
  ['GET', '/openai/v1/models/%E0%A4%A', 'unknown'],
  ['GET', '/openai/v1/responses/resp_1', 'unknown'],
  ['POST', '/openai/v1/files', 'unknown'],
  ['POST', '/openai/v1/audio/speech', 'unknown'],
  ['POST', '/openai/v1/images/generations', 'unknown'],
  ['POST', '/openai/v1/batches', 'unknown'],
  ['POST', '/openai/v1/fine_tuning/jobs', 'unknown'],
  ['POST', '/openai/v1/realtime/sessions', 'unknown'],
  ['POST', '/anthropic/v1/messages/batches', 'unknown'],
  ['POST', '/anthropic/v1/complete', 'unknown'],
  ['POST', '/anthropic/v1/files', 'unknown'],
  ['POST', '/openai/v1/chat/completions/', 'unknown'],
  ['POST', '/openai/v1//responses', 'unknown'],
  ['POST', '/openai/v1/../v1/responses', 'unknown'],
  ['POST', '/OPENAI/v1/responses', 'unknown'],
]

t.test('every endpoint has a verdict, and everything else is refused', async t => {
  for (const [method, path, verdict] of verdicts) {
    const endpoint = endpointOf(method, path)
    t.equal(
      typeof endpoint === 'string' ? endpoint : endpoint.verdict,
      verdict,
      `${method} ${path}`,
    )
  }
  const listed = new Set(verdicts.map(([method, path]) => `${method} ${path}`))
  const shown = ['GET /openai/v1/models/{model}', 'GET /anthropic/v1/models/{model}']
  const missing = endpoints.filter(({ method, path }) => !listed.has(`${method} ${path}`))
  t.strictSame(
    missing.map(({ method, path }) => `${method} ${path}`),
    shown,
    'tried above with names',
  )
})

async function gateway(t: Parameters<typeof modelWorld>[0], policy = allModels) {
  const openai = await fakeProvider(t, chat(['hi']))
  const anthropic = await fakeProvider(t, messages(['hi']))
  const made = await modelWorld(t, [
    policy,
    provider('openai', {
      protocol: 'openai',
      baseUrl: openai.url,
      models: [{ name: 'gpt-x', price }],
    }),
    provider('anthropic', {
      protocol: 'anthropic',
      baseUrl: anthropic.url,
      models: [{ name: 'claude-x', price }],
    }),
  ])
  const at = (path: string) => new URL(path, made.url)
  return { ...made, at, got: () => [...openai.got, ...anthropic.got] }
}

t.test('nothing but a probe is answered without a good key', async t => {
  const { at, got, journal } = await gateway(t)
  for (const [method, path, verdict] of verdicts.filter(([, path]) => path.startsWith('/openai/')))
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { 'x-api-key': '' }]) {
      const body = method === 'POST' ? '{}' : ''
      const { status, text } = await send(at(path), headers as Record<string, string>, body, method)
      t.equal(status, 401, `${method} ${path} ${verdict}`)
      t.match(JSON.parse(text), {
        error: { code: 'invalid_api_key', type: 'authentication_error' },
      })
    }
  const { status, text } = await send(at('/anthropic/v1/messages'), {}, '{}')
  t.equal(status, 401)
  t.match(JSON.parse(text), { type: 'error', error: { type: 'authentication_error' } })
  for (const path of ['/anthropic/', '/anthropic/api/hello']) {
    t.match(await send(at(path), {}, '', 'HEAD'), { status: 200, text: '' })
  }
  t.strictSame([got(), journal.entries], [[], []])
})

t.test('another host or origin is turned away', async t => {
  const { at, got } = await gateway(t)
  const path = at('/openai/v1/chat/completions')
  for (const headers of [{ host: 'evil.example' }, { origin: 'https://evil.example' }]) {
    const answer = await send(path, { ...key, ...headers } as Record<string, string>, '{}')
    t.equal(answer.status, 403)
  }
  t.strictSame(got(), [])
})

t.test('a WebSocket is answered with 426, so that clients go on without', async t => {
  const { at } = await gateway(t)
  const headers = { ...key, connection: 'Upgrade', upgrade: 'websocket' }
  const answer = await send(at('/openai/v1/responses'), headers, '', 'GET')
  t.equal(answer.status, 426)
  t.match(JSON.parse(answer.text), { error: { code: 'no_websocket' } })
})

t.test('what is unknown is refused in the dialect of its path', async t => {
  const { at } = await gateway(t)
  const openai = await send(at('/openai/v1/files'), key, '{}')
  t.match([openai.status, JSON.parse(openai.text)], [404, { error: { code: 'unknown_endpoint' } }])
  const anthropic = await send(at('/anthropic/v1/files'), key, '{}')
  t.match([anthropic.status, JSON.parse(anthropic.text)], [404, { type: 'error' }])
  t.equal((await send(at('/openai/v1/models'), key, '{}')).status, 405)
})

t.test('a body that two readers could understand differently is turned down', async t => {
  const { at, got } = await gateway(t)
  const messages = '"messages":[{"role":"user","content":"hi"}]'
  const bodies = [
    `{"model":"gpt-x","model":"claude-x",${messages}}`,
    `{"model":"gpt-x","Model":"claude-x",${messages}}`,
    `{"model":"gpt-x","\\u006dodel":"claude-x",${messages}}`,
    `{"model":"gpt-x","max_tokenſ":9,${messages}}`,
    `{"model":"gpt-x","max_tokens":"9",${messages}}`,
    `{"model":"gpt-x","max_tokens":-9,${messages}}`,
    `{"model":"gpt-x","max_tokens":1e300,${messages}}`,
    `{"model":"gpt-x","n":1000,${messages}}`,
    `{"model":"gpt-x","stream":"true",${messages}}`,
    `{"model":"gpt-x","background":true,${messages}}`,
    `{"model":["gpt-x"],${messages}}`,
    `{"model":"",${messages}}`,
    `{${messages}}`,
    '[]',
    'null',
    '{"model"',
    Buffer.from([0x7b, 0xff, 0x7d]),
    `{"model":"${'x'.repeat(300)}",${messages}}`,
  ]
  for (const body of bodies) {
    const { status, text } = await send(at('/openai/v1/chat/completions'), key, body)
    t.match([status, JSON.parse(text)], [400, { error: { code: 'invalid_request' } }], String(body))
  }
  t.strictSame(got(), [])
})

t.test('integers of any size pass where nothing is decided by them', async t => {
  const { at, got } = await gateway(t)
  const text = '{"model":"gpt-x","messages":[],"tools":[{"maximum":18446744073709551615}]}'
  t.equal((await send(at('/openai/v1/chat/completions'), key, text)).status, 200)
  t.equal(got()[0]?.text, text)
})

t.test('a body that is too large is turned down', async t => {
  const { at, got } = await gateway(t)
  const body = Buffer.alloc(32 * 1024 * 1024 + 1, 0x20)
  const { status, text } = await send(at('/anthropic/v1/messages'), key, body)
  t.match([status, JSON.parse(text)], [413, { error: { type: 'request_too_large' } }])
  t.strictSame(got(), [])
})

t.test('refusals come in the dialect and with a status that clients do not repeat', async t => {
  const { at, got, journal } = await gateway(
    t,
    `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: models }
spec:
  models:
    - name: "*"
      rules:
        - { name: not-streamed, when: request.stream, action: deny, message: Ask for all at once. }
        - { name: few-tools, when: "'exec' in request.tools", action: deny, message: No exec. }
        - action: allow
`,
  )
  const ask = async (path: string, body: object) => {
    const { status, text } = await send(at(path), key, JSON.stringify(body))
    return [status, JSON.parse(text)]
  }
  const stream = { stream: true, max_tokens: 5, messages: [] }
  t.match(await ask('/anthropic/v1/messages', { model: 'claude-x', ...stream }), [
    403,
    { type: 'error', error: { type: 'permission_error', message: /"not-streamed".*all at once/ } },
  ])
  const denied = [400, { error: { code: 'policy_denied', message: /"not-streamed"/ } }]
  t.match(await ask('/openai/v1/chat/completions', { model: 'gpt-x', ...stream }), denied)
  t.match(await ask('/openai/v1/responses', { model: 'gpt-x', input: 'x', stream: true }), denied)
  const tools = [{ type: 'namespace', name: 'mcp', tools: [{ type: 'function', name: 'exec' }] }]
  t.match(await ask('/openai/v1/responses', { model: 'gpt-x', input: 'x', tools }), [
    400,
    { error: { message: /No exec/ } },
  ])
  t.match(await ask('/openai/v1/chat/completions', { model: 'none', messages: [] }), [
    404,
    { error: { code: 'model_not_found' } },
  ])
  t.strictSame(got(), [])
  t.match(
    journal.entries.map(({ phase, action, status, model }) => [model, phase, action, status]),
    ['claude-x', 'gpt-x', 'gpt-x', 'gpt-x'].flatMap(model => [
      [model, 'attempt', 'deny', undefined],
      [model, 'outcome', 'deny', 'refused'],
    ]),
  )
})

t.test('a model that the caller cannot see is refused as if nobody offered it', async t => {
  const { at } = await gateway(
    t,
    `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: models }
spec:
  models: [{ name: claude-x, rules: [{ action: allow }] }]
`,
  )
  const text = async (model: string) => {
    const body = JSON.stringify({ model, messages: [] })
    const answer = await send(at('/openai/v1/chat/completions'), key, body)
    return answer.text.replaceAll(/gpt-x|gpt-y|\(call [^)]*\)/g, '')
  }
  t.equal(await text('gpt-x'), await text('gpt-y'))
  const list = await send(at('/openai/v1/models'), key, '', 'GET')
  t.match(JSON.parse(list.text).data, [{ id: 'claude-x' }])
})
