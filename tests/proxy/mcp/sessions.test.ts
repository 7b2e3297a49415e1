import { hash } from 'node:crypto'
import t from 'tap'
import { ClaimedIds } from '../../../proxy/mcp/claimed-ids.ts'
import { startFixture2025 } from '../../conformance/fixture-2025.ts'
import { RawClient, send } from './raw-client.ts'
import { says, smallServer, tool } from './small-server.ts'
import { allowAll, keys, type Test, toolServer, world } from './world.ts'

async function opened(t: Test, capabilities = {}) {
  const server = await smallServer(t, tool('act'))
  server.resources = [{ uri: 'file:///a', name: 'a' }]
  const made = await world(t, [allowAll, toolServer('small', { url: server.url })])
  await made.connected()
  const client = await RawClient.open(made.url, keys.claude, { capabilities })
  return { ...made, server, client }
}

const event = (message: object) => `data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`

t.test('a session is greeted in its version, and in the newest for versions unknown', async t => {
  const { url } = await opened(t)
  const version = async (protocolVersion: string) => {
    const client = new RawClient(url, keys.claude)
    const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'a', version: '1' } }
    const { message } = await client.post({ jsonrpc: '2.0', id: 1, method: 'initialize', params })
    return message.result?.protocolVersion
  }
  for (const known of ['2025-03-26', '2025-06-18', '2025-11-25'])
    t.equal(await version(known), known)
  t.equal(await version('1999-01-01'), '2025-11-25')
  t.equal(await version('2024-11-05'), '2025-11-25')
})

t.test('what belongs to the transport is answered by its rules', async t => {
  const { client, url } = await opened(t)
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  const statusOf = async (headers: Record<string, string>, body: object | string = ping) =>
    (await client.post(body, headers)).status
  t.strictSame((await client.ask('ping')).result, {})
  t.equal(await statusOf({ 'mcp-protocol-version': '2025-06-18' }), 200)
  t.equal(await statusOf({ 'mcp-protocol-version': '1.0' }), 400)
  t.equal(await statusOf({ 'mcp-session-id': 'unknown' }), 404)
  t.equal(await statusOf({ 'content-type': 'text/plain' }), 415)
  t.equal(await statusOf({ accept: 'application/json' }), 406)
  t.equal(await statusOf({}, 'nonsense'), 400)
  const anonymous = new RawClient(url, keys.claude)
  t.equal((await anonymous.post(ping)).status, 400)
  t.equal((await anonymous.listen()).status, 405)
  t.equal((await send(url, client.headers, '', 'PUT')).status, 405)
  t.match((await client.ask('initialize', {})).error, { code: -32600 })
  t.match((await client.ask('tools/list', { cursor: 'x' })).error, { code: -32602 })
  t.match((await client.ask('logging/setLevel', { level: 'loud' })).error, { code: -32602 })
  t.equal((await send(url, client.headers, '', 'DELETE')).status, 200)
  t.equal(await statusOf({}), 404)
})

t.test(
  'a broken stream is taken up where it broke, and only what was missed comes again',
  async t => {
    const { client, server } = await opened(t)
    const go = Promise.withResolvers<void>()
    server.onCall = ({ id, params }, response) => {
      const { progressToken } = params._meta as { progressToken: string }
      const step = (progress: number) =>
        event({ method: 'notifications/progress', params: { progressToken, progress } })
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(step(1) + step(2))
      void go.promise.then(() => response.end(step(3) + event({ id, result: says('done') })))
      return undefined
    }
    const params = { name: 'act', _meta: { progressToken: 'p' } }
    const stream = await client.stream({ jsonrpc: '2.0', id: 'long', method: 'tools/call', params })
    const first = await stream.next()
    stream.close()
    go.resolve()
    const resumed = await client.listen({ 'last-event-id': first.id })
    const seen = [await resumed.next(), await resumed.next(), await resumed.next()]
    t.strictSame(
      seen.map(({ message }) => message.params?.progress ?? message.result),
      [2, 3, says('done')],
    )
    const late = await client.listen({ 'last-event-id': seen[1]?.id ?? '' })
    t.match((await late.next()).message.result, says('done'), 'it is kept for a while')
  },
)

t.test('what is said to nobody waits for the session’s own stream', async t => {
  const { client, tables } = await opened(t)
  tables.put(allowAll)
  const own = await client.listen()
  t.match((await own.next()).message.method, /list_changed$/)
  own.close()
})

t.test('a resource is followed until it is let go, and others are not heard of', async t => {
  const { client, server } = await opened(t)
  server.onCall = ({ method, id, params }, response) => {
    if (method !== 'tools/call') return {}
    const updated = (uri: string) =>
      event({ method: 'notifications/resources/updated', params: { uri } })
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(updated('file:///other') + updated('file:///a'))
    response.end(event({ id, result: says(String(params.name)) }))
    return undefined
  }
  const events = async (id: string) => {
    const body = { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'act' } }
    return (await client.post(body)).text.match(/"uri":"[^"]*"/g) ?? []
  }
  t.strictSame(await events('one'), [])
  t.strictSame((await client.ask('resources/subscribe', { uri: 'file:///a' })).result, {})
  t.strictSame(await events('two'), ['"uri":"file:///a"'])
  t.strictSame((await client.ask('resources/unsubscribe', { uri: 'file:///a' })).result, {})
  t.strictSame(await events('three'), [])
})

t.test('log messages below the level that was set are left out', async t => {
  const { client, server } = await opened(t)
  server.onCall = ({ id }, response) => {
    const log = (level: string) =>
      event({ method: 'notifications/message', params: { level, data: level } })
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(log('debug') + log('error') + event({ id, result: says('') }))
    return undefined
  }
  const levels = async (id: string) => {
    const body = { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'act' } }
    return (await client.post(body)).text.match(/"data":"[a-z]+"/g) ?? []
  }
  t.equal((await levels('a')).length, 2)
  await client.ask('logging/setLevel', { level: 'warning' })
  t.strictSame(await levels('b'), ['"data":"error"'])
})

t.test(
  'a question that the server takes back is taken back from the client, under its id there',
  async t => {
    const { client, server } = await opened(t, { elicitation: {} })
    server.onCall = ({ id }, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(event({ id: 'q', method: 'elicitation/create', params: { message: 'Well?' } }))
      response.write(event({ method: 'notifications/cancelled', params: { requestId: 'q' } }))
      response.end(event({ id, result: says('never mind') }))
      return undefined
    }
    const body = { jsonrpc: '2.0', id: 'c', method: 'tools/call', params: { name: 'act' } }
    const stream = await client.stream(body)
    const { message } = await stream.next()
    t.strictSame((await stream.next()).message.params, { requestId: message.id })
    t.match((await stream.next()).message.result, says('never mind'))
  },
)

t.test('only the client that was asked can answer', async t => {
  const fixture = await startFixture2025()
  t.teardown(() => fixture[Symbol.asyncDispose]())
  const made = await world(t, [allowAll, toolServer('old', { url: fixture.url })])
  await made.connected()
  const asked = await RawClient.open(made.url, keys.claude, { capabilities: { elicitation: {} } })
  const other = await RawClient.open(made.url, keys.other, { capabilities: { elicitation: {} } })
  const params = { name: 'test_elicitation', arguments: { message: 'Well?' } }
  const stream = await asked.stream({ jsonrpc: '2.0', id: 'c', method: 'tools/call', params })
  const { id } = (await stream.next()).message
  const answer = (username: string) => ({
    jsonrpc: '2.0',
    id,
    result: { action: 'accept', content: { username, email: 'a@b.c' } },
  })
  t.equal((await other.post(answer('mallory'))).status, 202, 'it is ignored')
  t.equal((await asked.post(answer('ana'))).status, 202)
  t.match(JSON.stringify((await stream.next()).message.result), /ana/)
})

t.test('a client’s news of its roots reaches the servers it uses', async t => {
  const { client, server } = await opened(t, { roots: { listChanged: true } })
  await client.call('act')
  await client.post({ jsonrpc: '2.0', method: 'notifications/roots/list_changed' })
  while (server.heard.at(-1)?.method !== 'notifications/roots/list_changed') {
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  t.pass()
})

t.test('a revoked key ends its sessions and their streams', async t => {
  const { client, url, tables } = await opened(t)
  const other = await RawClient.open(url, keys.other)
  const stream = await client.listen()
  const ended = new Promise<void>(resolve => stream.onEnd(resolve))
  tables.revoked.add(hash('sha256', keys.claude))
  tables.put(allowAll)
  await ended
  t.equal((await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 401)
  tables.revoked.clear()
  t.equal((await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 404)
  t.strictSame((await other.ask('ping')).result, {})
})

t.test('a key has room for 64 sessions; the one idle longest makes way', async t => {
  const { client, url } = await opened(t)
  await client.ask('ping')
  const second = await RawClient.open(url, keys.claude)
  for (let i = 0; i < 63; i++) await RawClient.open(url, keys.claude)
  t.equal((await client.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 404)
  t.strictSame((await second.ask('ping')).result, {})
})

t.test('an id is claimed once until as many others have been claimed after it', async t => {
  const ids = new ClaimedIds(3)
  const claims = [1, 2, 1, '1', 3, 1, 2, 3, 1].map(id => ids.claim(id))
  t.strictSame(claims, [true, true, false, true, true, true, true, false, false])
})
