import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import t from 'tap'
import { modernClient } from '../../conformance/modern-client.ts'
import { RawClient } from './raw-client.ts'
import { type OnCall, reply, says, smallServer, tool } from './small-server.ts'
import { allowAll, keys, type Test, toolServer, world } from './world.ts'

async function faulty(t: Test, onCall: OnCall, spec: object = {}) {
  const server = await smallServer(t, tool('act'))
  server.onCall = onCall
  const proxy = await world(t, [allowAll, toolServer('small', { url: server.url, ...spec })])
  await proxy.connected()
  const client = await RawClient.open(proxy.url, keys.claude)
  const sent = () => server.heard.filter(({ method }) => method === 'tools/call').length
  return { ...proxy, server, client, sent }
}

/** What a fault must end as: a text for the model, a record, and nothing sent twice. */
const lost = {
  isError: true,
  content: [
    {
      type: 'text',
      text: /^Writ sent the call of "act", but the answer was lost: .* does not send it twice\.$/,
    },
  ],
  structuredContent: { decision: 'deny', reason: 'answer_lost' },
}

const unknown = ['act attempt allow rule', 'act outcome allow rule unknown']

const stream = { 'content-type': 'text/event-stream' }

const ways: Record<string, OnCall> = {
  'hangs up before it answers': (_heard, response) => void response.destroy(),
  'hangs up in the middle of a body': (_heard, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 })
    response.write('{"jsonrpc":')
    setTimeout(() => response.destroy(), 20)
    return undefined
  },
  'dies in the middle of a stream': (_heard, response) => {
    response.writeHead(200, stream)
    response.write('data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n')
    setTimeout(() => response.destroy(), 20)
    return undefined
  },
  'ends a stream without an answer': (_heard, response) =>
    void response.writeHead(200, stream).end(),
  'answers what is not JSON': (_heard, response) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
  'answers JSON that is not MCP': (_heard, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}'),
  'answers with neither a result nor an error': ({ id }, response) =>
    void response.writeHead(200).end(JSON.stringify({ jsonrpc: '2.0', id })),
  'answers another request': ({ id }, response) => void reply(response, Number(id) + 1, says('no')),
  'streams garbage': (_heard, response) =>
    void response.writeHead(200, stream).end('data: {{{\n\n'),
  'answers 500': (_heard, response) => void response.writeHead(500).end('oops'),
  'accepts and says nothing': (_heard, response) => void response.writeHead(202).end(),
}

for (const [way, onCall] of Object.entries(ways)) {
  t.test(`a server that ${way} leaves an unknown outcome`, async t => {
    const { client, journal, sent } = await faulty(t, onCall)
    const { result } = await client.call('act')
    t.match(result, lost)
    t.strictSame(journal.story, unknown)
    t.equal(sent(), 1)
  })
}

t.test('a server that is too slow is given up, told so, and not asked again', async t => {
  const { client, server, journal, sent } = await faulty(t, () => undefined, { timeout: '100ms' })
  t.match((await client.call('act')).result, lost)
  t.strictSame(journal.story, unknown)
  t.equal(sent(), 1)
  await until(() => server.heard.at(-1)?.method === 'notifications/cancelled')
})

t.test('an answer over the limit is cut off', async t => {
  const chunk = Buffer.alloc(1024 * 1024, 'x')
  const { client, journal } = await faulty(t, (_heard, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const pump = () => {
      while (!response.destroyed && response.write(chunk)) {}
      if (!response.destroyed) response.once('drain', pump)
    }
    pump()
    return undefined
  })
  const { result } = await client.call('act')
  t.match(result, lost)
  t.match(journal.entries.at(-1), { status: 'unknown', upstreamStatus: 'upstream_too_large' })
})

t.test('a server that turns a call down has not done it', async t => {
  const { client, journal } = await faulty(
    t,
    (_heard, response) =>
      void response
        .writeHead(403, { 'content-type': 'application/json' })
        .end('{"error":"secret"}'),
  )
  const { result } = await client.call('act')
  t.match(result?.structuredContent, { reason: 'upstream_away' })
  t.strictSame(journal.story, ['act attempt allow rule', 'act outcome allow rule failed'])
  t.notMatch(JSON.stringify(result), 'secret')
})

t.test('an error of the server is the server’s answer', async t => {
  const { client, journal } = await faulty(
    t,
    ({ id }, response) => void reply(response, id, new Error('bad tool')),
  )
  t.match((await client.call('act')).error, { code: -32601, message: 'bad tool' })
  t.strictSame(journal.story.at(-1), 'act outcome allow rule failed')
})

t.test('a server that is gone is said to be away, and found again when it is back', async t => {
  const { client, server, journal, reports } = await faulty(t, () => says('hi'))
  t.equal(reports.length, 1)
  server.close()
  const { result } = await client.call('act')
  t.match(result?.structuredContent, { reason: /^(upstream_away|answer_lost)$/ })
  t.equal(journal.entries.length, 2)
})

t.test('a server that never was there does not hold up the others', async t => {
  const server = await smallServer(t, tool('echo'))
  const dead = createServer()
  dead.listen(0, '127.0.0.1')
  await once(dead, 'listening')
  const { port } = dead.address() as AddressInfo
  dead.close()
  const made = await world(t, [
    allowAll,
    toolServer('dead', { url: `http://127.0.0.1:${port}/mcp` }),
    toolServer('small', { url: server.url }),
  ])
  const client = await RawClient.open(made.url, keys.claude)
  t.strictSame(
    (await client.ask('tools/list')).result?.tools?.map(({ name }) => name),
    ['echo'],
  )
  const { state, error } = made.reports.find(({ name }) => name === 'dead') ?? {}
  t.strictSame([state, error], ['failed', 'the server cannot be reached (ECONNREFUSED)'])
})

t.test('a server that talks something else than HTTP is away, not a crash', async t => {
  const sockets = new Set<Socket>()
  const odd = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.end('\x00\x01 hello\r\n\r\n')
  })
  odd.listen(0, '127.0.0.1')
  await once(odd, 'listening')
  t.teardown(() => odd.close())
  const { port } = odd.address() as AddressInfo
  const made = await world(t, [allowAll, toolServer('odd', { url: `http://127.0.0.1:${port}/` })])
  await until(() => made.reports.some(({ state }) => state === 'failed'))
  const client = await RawClient.open(made.url, keys.claude)
  t.strictSame((await client.ask('tools/list')).result, { tools: [] })
})

t.test('no record, no call', async t => {
  const { client, journal, sent, logged } = await faulty(t, () => says('done'))
  journal.broken = () => true
  t.match((await client.call('act')).result?.structuredContent, { reason: 'no_record' })
  t.equal(sent(), 0)
  journal.broken = ({ phase }) => phase === 'outcome'
  const { result } = await client.call('act')
  t.match(result, { isError: true, structuredContent: { reason: 'answer_unrecorded' } })
  t.notMatch(JSON.stringify(result), 'done', 'the answer is withheld')
  t.equal(sent(), 1)
  const errors = logged.filter(([level]) => level === 'error').map(([, , message]) => message)
  t.strictSame(errors, ['call not recorded', 'call not recorded'])
  journal.broken = () => false
  t.strictSame((await client.call('act')).result, says('done'))
})

t.test('a client with a session that goes away does not stop its call', async t => {
  const gate = Promise.withResolvers<void>()
  const { client, journal } = await faulty(t, ({ id }, response) => {
    void gate.promise.then(() => reply(response, id, says('finished')))
    return undefined
  })
  const controller = new AbortController()
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'act' },
  })
  const asked = fetch(client.url, {
    method: 'POST',
    headers: client.headers,
    body,
    signal: controller.signal,
  })
  await until(() => journal.entries.length === 1)
  controller.abort()
  await asked.catch(() => undefined)
  gate.resolve()
  await until(() => journal.entries.length === 2)
  t.equal(journal.story.at(-1), 'act outcome allow rule succeeded')
})

t.test('a stateless client that goes away has cancelled its call', async t => {
  const { url, journal } = await faulty(t, () => undefined)
  const controller = new AbortController()
  const { ask } = modernClient(url, keys.claude, controller.signal)
  const asked = ask('tools/call', { name: 'act', arguments: {} })
  await until(() => journal.entries.length === 1)
  controller.abort()
  await asked.catch(() => undefined)
  await until(() => journal.entries.length === 2)
  t.equal(journal.story.at(-1), 'act outcome allow rule cancelled')
})

t.test('a stateless client cannot send a lost call again under the same id', async t => {
  const { url, sent } = await faulty(t, (_heard, response) => void response.destroy())
  const { post } = modernClient(url, keys.claude)
  const again = modernClient(url, keys.claude)
  const call = { name: 'act', arguments: { n: 1 } }
  const reason = async (answer: Promise<Response>) => {
    const { result } = JSON.parse(await (await answer).text())
    return result.structuredContent.reason
  }
  t.equal(await reason(post('tools/call', call)), 'answer_lost')
  t.equal(await reason(again.post('tools/call', call)), 'repeated_id')
  t.equal(await reason(again.post('tools/call', call)), 'answer_lost', 'another id is another call')
  t.equal(sent(), 2)
})

t.test('a request that the client cancels is cancelled at the server and not answered', async t => {
  const { client, server, journal } = await faulty(t, () => undefined)
  const asked = client.post({
    jsonrpc: '2.0',
    id: 'slow',
    method: 'tools/call',
    params: { name: 'act' },
  })
  await until(() => server.heard.some(({ method }) => method === 'tools/call'))
  await client.post({
    jsonrpc: '2.0',
    method: 'notifications/cancelled',
    params: { requestId: 'slow' },
  })
  const { status, text } = await asked
  t.strictSame([status, text], [202, ''])
  await until(() => server.heard.some(({ method }) => method === 'notifications/cancelled'))
  t.equal(journal.story.at(-1), 'act outcome allow rule cancelled')
})

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 5))
}
