import t from 'tap'
import { modernClient } from '../../conformance/modern-client.ts'
import { RawClient, send } from './raw-client.ts'
import { says, smallServer, tool } from './small-server.ts'
import { allowAll, keys, type Test, toolServer, world } from './world.ts'

const guarded = JSON.stringify({
  apiVersion: 'writ.dev/v1alpha1',
  kind: 'AccessPolicy',
  metadata: { name: 'guarded' },
  spec: {
    tools: [
      { name: 'erase', rules: [{ name: 'never', action: 'deny' }] },
      { name: 'pay', rules: [{ when: 'args.amount <= 100', action: 'allow' }] },
      { name: 'deploy', justification: 'required', rules: [{ action: 'allow' }] },
      { name: 'echo', rules: [{ action: 'allow' }] },
    ],
  },
})

async function attacked(t: Test) {
  const server = await smallServer(t, ...['erase', 'pay', 'deploy', 'echo'].map(name => tool(name)))
  const proxy = await world(t, [guarded, toolServer('small', { url: server.url })])
  await proxy.connected()
  const client = await RawClient.open(proxy.url, keys.claude)
  const calls = () => server.heard.filter(({ method }) => method === 'tools/call')
  return { ...proxy, server, client, calls }
}

t.test('names that look alike are other names', async t => {
  const { client, calls } = await attacked(t)
  const names = [
    'Erase',
    'erase ',
    ' erase',
    'erase\u0000',
    'e\u0301rase',
    '\u0435rase',
    'erase\u200b',
    'small.erase',
    'small__erase',
    '../erase',
    'constructor',
    '__proto__',
  ]
  for (const name of names) {
    const { result } = await client.call(name)
    t.match(result, { isError: true }, JSON.stringify(name))
  }
  t.strictSame(calls(), [])
})

t.test('a hidden tool and one that does not exist are refused alike', async t => {
  const { client, tables, server, connected } = await attacked(t)
  tables.put(
    allowAll.replace('"*", rules', '"echo", rules'),
    toolServer('small', { url: server.url }),
  )
  await connected()
  const shape = async (name: string) => {
    const { result } = await client.call(name)
    const { requestId, ...rest } = result?.structuredContent ?? {}
    return { text: result?.content?.[0]?.text.replace(name, 'NAME'), ...rest, id: typeof requestId }
  }
  t.strictSame(await shape('erase'), await shape('esare'))
})

t.test('the same key twice is refused before anything is judged', async t => {
  const { client, calls, journal } = await attacked(t)
  const bodies = [
    '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"pay","arguments":{"amount":1,"amount":1000}}}',
    '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","name":"erase"}}',
    '{"jsonrpc":"2.0","id":7,"method":"tools/list","method":"tools/call","params":{"name":"echo"}}',
    '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"pay","arguments":{"amount":1,"am\\u006funt":1000}}}',
    '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"pay","arguments":{"a":{"__proto__":1,"__proto__":2}}}}',
  ]
  for (const body of bodies) {
    const { status, message } = await client.post(body)
    t.equal(status, 200, 'it reaches whoever wrote it')
    t.match(message, { id: 7, error: { code: -32700, message: /the same key twice/ } })
  }
  t.strictSame(calls(), [])
  t.strictSame(journal.entries, [])
})

t.test('numbers and texts that readers take differently are refused', async t => {
  const { client, calls } = await attacked(t)
  const values = [
    '9007199254740993',
    '-9007199254740993',
    '1e999',
    '1e300',
    '"\\ud800"',
    '"\\udc00a"',
  ]
  for (const value of values) {
    const { message } = await client.post(
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"amount":${value}}}}`,
    )
    t.match(message.error, { code: -32700 }, value)
  }
  const deep = `${'['.repeat(70)}${']'.repeat(70)}`
  const { message } = await client.post(
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":${deep}}}}`,
  )
  t.match(message.error, { code: -32700, message: /nested/ })
  const bytes = Buffer.from(
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":"X"}}}',
  )
  bytes[bytes.indexOf('X')] = 0xff
  t.match((await client.post(bytes)).message.error, { code: -32700, message: /UTF-8/ })
  t.strictSame(calls(), [])
})

t.test('what is sent is what was judged, keys that pollute included', async t => {
  const { client, calls } = await attacked(t)
  const { message } = await client.post(
    '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo","extra":{"name":"erase"},"arguments":{"b":1,"__proto__":{"a":1},"a":"é","constructor":2}},"x":1}',
  )
  t.notOk(message.result?.isError)
  const sent = calls()[0]?.text ?? ''
  t.match(sent, '"arguments":{"__proto__":{"a":1},"a":"é","b":1,"constructor":2}')
  t.notMatch(sent, 'extra')
})

t.test('a reason cannot be smuggled into the arguments', async t => {
  const { client, calls } = await attacked(t)
  for (const justification of [{ a: 1 }, ['x'], 1, null, '', '   ']) {
    const { result } = await client.call('deploy', { justification })
    t.match(result?.structuredContent, { reason: 'justification_required' })
  }
  await client.call('deploy', { justification: 'x'.repeat(5000) })
  t.strictSame(calls(), [])
  await client.call('deploy', { justification: 'real', text: 'a' })
  t.strictSame(
    calls().map(({ params }) => params.arguments),
    [{ text: 'a' }],
  )
})

t.test('methods in other letters, unknown ones, and those of the other era go nowhere', async t => {
  const { client, server } = await attacked(t)
  const methods = [
    'tools/Call',
    'TOOLS/CALL',
    'tools/call/',
    'rpc.discover',
    'tasks/update',
    'x',
    'server/discover',
    'subscriptions/listen',
  ]
  for (const method of methods) {
    t.match((await client.ask(method, { name: 'erase' })).error, { code: -32601 }, method)
  }
  t.strictSame(
    server.heard.filter(({ method }) => methods.includes(method)),
    [],
  )
})

t.test('a call as a notification is not a call', async t => {
  const { client, calls } = await attacked(t)
  const params = { name: 'echo', arguments: {} }
  const { status } = await client.post({ jsonrpc: '2.0', method: 'tools/call', params })
  t.equal(status, 202)
  const nothing = await client.post({ jsonrpc: '2.0', id: null, method: 'tools/call', params })
  t.match(nothing.message.error, { code: -32600 })
  t.strictSame(calls(), [])
})

t.test('a batch is judged item by item, and only where the protocol has batches', async t => {
  const { client, url, calls, journal } = await attacked(t)
  const call = (id: unknown, name: string) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name },
  })
  const refused = await client.post([call(1, 'echo')])
  t.strictSame([refused.status, refused.message.error?.code], [400, -32600])
  const old = await RawClient.open(url, keys.claude, { protocolVersion: '2025-03-26' })
  const { message } = await old.post([
    call(1, 'echo'),
    call(2, 'erase'),
    { jsonrpc: '2.0' },
    call(1, 'echo'),
  ])
  const answers = message as unknown as {
    id: unknown
    result?: { isError?: boolean }
    error?: object
  }[]
  t.equal(answers.length, 4)
  t.strictSame(
    answers
      .map(({ id, result, error }) => [id, result?.isError === true || error !== undefined])
      .sort(),
    [
      [1, false],
      [1, true],
      [2, true],
      [null, true],
    ].sort(),
  )
  t.equal(calls().length, 1)
  t.equal(journal.story.filter(line => line.startsWith('erase')).length, 2)
  const inits = [{ ...call(9, ''), method: 'initialize' }, call(8, 'echo')]
  t.equal((await old.post(inits)).status, 400)
})

t.test('the session of another key does not exist', async t => {
  const { client, url, calls } = await attacked(t)
  const thief = new RawClient(url, keys.other)
  thief.session = client.session
  const answer = await thief.post({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'echo' },
  })
  const never = new RawClient(url, keys.other)
  never.session = 'x'.repeat(client.session.length)
  const unknown = await never.post({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'echo' },
  })
  t.strictSame([answer.status, answer.text], [404, unknown.text])
  t.equal((await thief.listen()).status, 404)
  t.equal((await send(url, thief.headers, '', 'DELETE')).status, 404)
  t.strictSame(calls(), [])
  t.notOk((await client.call('echo')).result?.isError, 'the session is still there')
})

t.test('the stream of another session cannot be resumed', async t => {
  const { client, url, server } = await attacked(t)
  server.onCall = ({ id, params }, response) => {
    const meta = params._meta as { progressToken: string }
    const progress = {
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: meta.progressToken, progress: 1 },
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`data: ${JSON.stringify(progress)}\n\n`)
    response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id, result: says('secret') })}\n\n`)
    return undefined
  }
  const params = { name: 'echo', _meta: { progressToken: 'p' } }
  const stream = await client.stream({ jsonrpc: '2.0', id: 5, method: 'tools/call', params })
  const { id } = await stream.next()
  const other = await RawClient.open(url, keys.other)
  t.equal((await other.listen({ 'last-event-id': id })).status, 400)
  const same = await RawClient.open(url, keys.claude)
  t.equal((await same.listen({ 'last-event-id': id })).status, 400)
  const resumed = await client.listen({ 'last-event-id': id })
  t.match((await resumed.next()).message.result, says('secret'))
})

t.test('without a good key there is nothing but 401', async t => {
  const { url, calls, tables, client } = await attacked(t)
  const headers = { 'content-type': 'application/json', accept: '*/*' }
  const body = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}'
  const tries = [
    {},
    { authorization: 'Bearer x' },
    { authorization: `Basic ${keys.claude}` },
    { authorization: 'Bearer ' },
    { 'x-api-key': 'y'.repeat(9000) },
  ]
  const texts = new Set<string>()
  for (const attempt of tries) {
    const answer = await send(url, { ...headers, ...attempt }, body)
    t.equal(answer.status, 401)
    texts.add(answer.text)
  }
  t.equal(texts.size, 1, 'every one hears the same')
  t.equal((await send(url, { ...headers, 'x-api-key': keys.claude }, body)).status, 400)
  const { hash } = await import('node:crypto')
  tables.revoked.add(hash('sha256', keys.claude))
  tables.put(allowAll)
  t.equal((await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 401)
  t.strictSame(calls(), [])
})

t.test('other hosts and origins are turned away before the key is looked at', async t => {
  const { url, client } = await attacked(t)
  const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
  const status = async (headers: Record<string, string>) =>
    (await send(url, { ...client.headers, ...headers }, ping)).status
  t.equal(await status({}), 200)
  t.equal(await status({ host: 'localhost:1' }), 200)
  t.equal(await status({ origin: 'http://localhost:3000' }), 200)
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '0.0.0.0',
    '127.0.0.1@evil.example',
    'evil.example#127.0.0.1',
  ]) {
    t.equal(await status({ host }), 403, host)
  }
  for (const origin of [
    'http://evil.example',
    'null',
    'http://localhost.evil.example',
    'file://',
  ]) {
    t.equal(await status({ origin }), 403, origin)
  }
})

t.test('headers that disagree with the body are refused before anything is judged', async t => {
  const { url, calls, journal } = await attacked(t)
  const { post } = modernClient(url, keys.claude)
  const echo = { name: 'echo', arguments: {} }
  const disagreeing: Record<string, string>[] = [
    { 'mcp-name': 'pay' },
    { 'mcp-name': 'ECHO' },
    { 'mcp-name': '=?base64?ZWNobw?=' },
    { 'mcp-name': '=?base64?/w==?=' },
    { 'mcp-method': 'tools/list' },
    { 'mcp-method': 'TOOLS/CALL' },
    { 'mcp-protocol-version': '2025-11-25' },
  ]
  for (const headers of disagreeing) {
    const answer = await post('tools/call', { ...echo }, headers)
    const { error } = JSON.parse(await answer.text())
    t.strictSame([answer.status, error.code], [400, -32020], JSON.stringify(headers))
  }
  const encoded = await post('tools/call', { ...echo }, { 'mcp-name': '=?base64?ZWNobw==?=' })
  t.equal(encoded.status, 200)
  t.equal(calls().length, 1)
  t.equal(journal.entries.length, 2)
})

t.test('an oversized body is refused without being read to its end', async t => {
  const { client, calls } = await attacked(t)
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'echo', arguments: { a: 'x'.repeat(5_000_000) } },
  })
  t.equal((await client.post(body)).status, 413)
  t.strictSame(calls(), [])
})

t.test('an id that was used for a call is not used for a second one', async t => {
  const { client, calls, journal } = await attacked(t)
  const body = { jsonrpc: '2.0', id: 'once', method: 'tools/call', params: { name: 'echo' } }
  t.notOk((await client.post(body)).message.result?.isError)
  t.match((await client.post(body)).message.result?.structuredContent, { reason: 'repeated_id' })
  t.equal(calls().length, 1)
  t.equal(journal.story.at(-1), 'echo outcome deny repeated_id refused')
})

t.test('a resource cannot be reached around the policy by another spelling', async t => {
  const server = await smallServer(t, tool('echo'))
  server.resources = [{ uri: 'file:///public/a', name: 'a' }]
  server.onCall = () => ({ contents: [] })
  const document = JSON.stringify({
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'AccessPolicy',
    metadata: { name: 'public' },
    spec: { resources: [{ uri: 'file:///public/*', rules: [{ action: 'allow' }] }] },
  })
  const made = await world(t, [document, toolServer('small', { url: server.url })])
  await made.connected()
  const client = await RawClient.open(made.url, keys.claude)
  t.strictSame((await client.ask('resources/read', { uri: 'file:///public/a' })).result, {
    contents: [],
  })
  const spellings = [
    'file:///public/../secret',
    'file:///public/./../secret',
    'file:///public/%2e%2e/secret',
    'file:///public/.%2E/secret',
    'file:///public/..%2fsecret',
    'file:///public/..%5csecret',
    'file:///public/..\\secret',
    'file:///public/%252e%252e/secret',
    'file:///public/..',
    'file:///public/..?x',
    'file:///public/a b',
    'file:///public/a\n',
  ]
  for (const uri of spellings) {
    for (const method of ['resources/read', 'resources/subscribe']) {
      t.match((await client.ask(method, { uri })).error, { code: -32602 }, `${method} ${uri}`)
    }
  }
  t.match((await client.ask('resources/read', { uri: 'file:///secret' })).error, { code: -32000 })
  t.equal(server.heard.filter(({ method }) => method === 'resources/read').length, 1)
})

t.test('a server cannot write events of its own into the stream of a client', async t => {
  const { client, server } = await attacked(t)
  server.onCall = ({ id, params }, response) => {
    const { progressToken } = params._meta as { progressToken: string }
    const progress = JSON.stringify({ progressToken, progress: 1 })
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(
      `data: {"jsonrpc":"2.0","method":"notifications/progress",\ndata: "params":\ndata: ${progress}}\n\n`,
    )
    const result = '{\ndata: "content":[],\ndata: "forged":\ndata: 1}'
    response.end(`data: {"jsonrpc":"2.0","id":${id},"result":${result}}\n\n`)
    return undefined
  }
  const params = { name: 'echo', _meta: { progressToken: 'p' } }
  const { text } = await client.post({ jsonrpc: '2.0', id: 's', method: 'tools/call', params })
  const blocks = text.trim().split('\n\n')
  t.equal(blocks.length, 2)
  for (const block of blocks) t.match(block, /^event: message\nid: \d+-\d+\ndata: \{.*\}$/)
})
