import { request } from 'node:http'
import t, { type Test } from 'tap'
import { entry } from '../proxy/journal-entry.ts'
import { line } from '../proxy/journal-line.ts'
import { type ApiWorld, apiWorld, keyed, keyOf, policies } from './api-world.ts'
import { sha256 } from './approvals/approval-world.ts'
import { policy } from './documents.ts'
import { connectLive } from './live-client.ts'
import { embeddedStores } from './stores.ts'
import { world as installation, tokens } from './world.ts'

const stores = await embeddedStores(t)
const world = async (t: Test) => apiWorld(t, await stores.empty())
const requests = '/api/v1/approval-requests'

async function follower(t: Test, w: ApiWorld, name: string, topic = 'approvals') {
  const client = await connectLive(t, w.url, { key: keyOf(name) })
  t.match(await client.ask({ type: 'subscribe', topic }), { type: 'subscription_ack', topic })
  return client
}

t.test('a person follows a request from the question to the approval', async t => {
  const w = await world(t)
  const client = await follower(t, w, 'ben')
  const id = await w.ask('two', { justification: 'It is due.' })
  const created = await client.next()
  t.match(created, {
    topic: 'approvals',
    seq: /^[0-9a-f]{8}\.1$/,
    type: 'approval_created',
    timestamp: '2026-11-21T12:00:00.000Z',
    namespace: 'default',
    approval_request_id: id,
    status: 'pending',
    event: { type: 'created', by: 'proxy-a' },
    tool_name: 'pay',
    server: 'bank',
    tool_args: { amount: 10 },
    tool_args_omitted: false,
    agent_reasoning: 'It is due.',
    managed_agent_name: 'bot',
    rule_context: { policy: 'payments1', rule: 'ask' },
    approval_workflow: 'two',
    approvals_required: 2,
    approvals_received: 0,
    requested_at: '2026-11-21T12:00:00.000Z',
    resolved_at: null,
    expires_at: '2026-11-21T13:00:00.000Z',
  })
  await w.as('ana', `${requests}/${id}/approve`, {})
  t.match(await client.next(), {
    type: 'approval_vote_received',
    status: 'pending',
    event: { by: 'ana', surface: 'rest' },
    approvals_received: 1,
  })
  await w.as('ben', `${requests}/${id}/approve`, {})
  t.match(await client.next(), { type: 'approval_vote_received', event: { by: 'ben' } })
  t.match(await client.next(), { type: 'approval_approved', status: 'approved' })
  const other = await w.ask()
  t.match(await client.next(), { type: 'approval_created' })
  await w.as('ben', `${requests}/${other}/decline`, { reason: 'no' })
  t.match(await client.next(), { type: 'approval_vote_received' })
  t.match(await client.next(), { type: 'approval_declined', status: 'denied' })
})

t.test('who comes back after a cut hears what was missed, once and in order', async t => {
  const w = await world(t)
  const first = await follower(t, w, 'ben')
  const id = await w.ask()
  const { seq } = await first.next()
  first.socket.terminate()
  await w.as('ana', `${requests}/${id}/approve`, {})
  const other = await w.ask('two')
  const back = await connectLive(t, w.url, { key: keyOf('ben') })
  t.match(await back.ask({ type: 'subscribe', topic: 'approvals', since: seq }), {
    type: 'subscription_ack',
    topics: ['approvals'],
    seq: /\.4$/,
  })
  const missed = [await back.next(), await back.next(), await back.next()]
  t.strictSame(
    missed.map(({ type, approval_request_id }) => [type, approval_request_id]),
    [
      ['approval_vote_received', id],
      ['approval_approved', id],
      ['approval_created', other],
    ],
  )
  const again = await connectLive(t, w.url, { key: keyOf('ben') })
  for (const since of ['0badc0de.1', 'x', `${seq.split('.')[0]}.1.1`]) {
    t.match(await again.ask({ type: 'subscribe', topic: 'approvals', since }), {
      type: 'subscription_ack',
    })
    t.match(await again.next(), { type: 'resync', topic: 'approvals', seq: missed[2].seq })
  }
})

t.test('what has been forgotten is said to be missed', async t => {
  const w = await world(t)
  const client = await follower(t, w, 'ben', 'activity')
  const say = (count: number) =>
    w.live.activity(
      Array.from({ length: count }, (_, i) => ({
        namespace: 'default',
        entry: line('proxy-a', i + 1, entry({ call: `call-${i}` })).trim(),
      })),
    )
  say(1)
  const { seq, entry: heard } = await client.next()
  t.match(heard, { call: 'call-0', seq: 1, proxy: 'proxy-a' })
  say(2500)
  t.match(await client.next(), { type: 'activity' }, 'it was on its way')
  t.match(await client.next(), { type: 'resync', topic: 'activity' })
  say(1)
  t.match(await client.next(), { type: 'activity', entry: { call: 'call-0' } })
  const back = await connectLive(t, w.url, { key: keyOf('ben') })
  back.say({ type: 'subscribe', topic: 'activity', since: seq })
  t.match(
    [await back.next(), await back.next()],
    [{ type: 'subscription_ack' }, { type: 'resync' }],
  )
})

t.test('everybody hears of their own namespaces only', async t => {
  const w = await world(t)
  const eve = await follower(t, w, 'eve')
  const sys = await follower(t, w, 'sys')
  const admin = await connectLive(t, w.url, { key: tokens.admin })
  await admin.ask({ type: 'subscribe', topic: 'approvals' })
  await w.ask()
  t.match(await sys.next(), { type: 'approval_created' })
  t.match(await admin.next(), { type: 'approval_created' })
  t.match(await eve.ask({ type: 'ping' }), { type: 'pong' }, 'and nothing before')
})

t.test('a connection says who it is, by a header or by a message', async t => {
  const w = await world(t)
  const known = await connectLive(t, w.url, { key: keyOf('ana') })
  t.match(known.handshake, { type: 'handshake', authenticated: true, session_id: /^[\w-]{36}$/ })
  const client = await connectLive(t, w.url)
  t.match(client.handshake, { type: 'handshake', authenticated: false })
  t.match(await client.ask({ type: 'subscribe', topic: 'approvals' }), {
    type: 'subscription_error',
    error: 'Authenticate first.',
  })
  t.strictSame(await client.ask({ type: 'authenticate', token: keyOf('bot') }), {
    type: 'auth_error',
    error: 'This key is not known.',
  })
  client.say({ type: 'authenticate', token: keyOf('ana') })
  client.say({ type: 'subscribe', topic: 'system' })
  t.strictSame(await client.next(), {
    type: 'authenticated',
    user: { id: 'ana', username: 'ana', email: null, namespaces: ['default'] },
  })
  t.match(await client.next(), { type: 'subscription_ack', topic: 'system', topics: ['system'] })
  t.match(await client.ask({ type: 'subscribe', topic: 'flow_executions' }), {
    topics: ['system', 'flow_executions'],
  })
  t.match(await client.ask({ type: 'unsubscribe', topic: 'system' }), {
    action: 'unsubscribe',
    topics: ['flow_executions'],
  })
  t.match(await client.ask({ type: 'subscribe', topic: '*' }), { type: 'subscription_error' })
  t.match(await client.ask({ type: 'command', command: 'stop' }), {
    type: 'error',
    error: 'command is not understood here.',
  })
  t.match(await client.ask('{'), { type: 'error', error: 'This is no message.' })
  t.strictSame(await w.strays(), [
    ['attempt_refused', 'key of the agent default/bot', 'follow: key of the agent default/bot'],
  ])
})

t.test('wrong keys, other hosts and pages from elsewhere do not get in', async t => {
  const w = await world(t)
  const refused = (options: object, status: number) =>
    t.rejects(connectLive(t, w.url, options), { message: `refused with ${status}` })
  await refused({ key: 'no-such-key' }, 401)
  await refused({ key: keyOf('bot') }, 403)
  await refused({ key: tokens.proxy }, 403)
  await refused({ headers: { host: 'evil.example' } }, 421)
  await refused({ key: keyOf('ana'), headers: { origin: 'https://evil.example' } }, 403)
  for (let i = 0; i < 7; i += 1) await refused({ key: `guess-${i}` }, 401)
  await refused({ key: 'guess-more' }, 429)
  const client = await connectLive(t, w.url, {
    key: keyOf('ana'),
    headers: { origin: w.url.origin },
  })
  t.match(client.handshake, { authenticated: true })
})

t.test('who shows wrong keys or says too much is cut off', async t => {
  const w = await world(t)
  const guesser = await connectLive(t, w.url)
  for (let i = 0; i < 5; i += 1) guesser.say({ type: 'authenticate', token: `guess-${i}` })
  t.strictSame(await guesser.closed(), [1008, 'too many attempts'])
  const talker = await connectLive(t, w.url)
  for (let i = 0; i <= 300; i += 1) talker.say({ type: 'ping' })
  t.strictSame(await talker.closed(), [1008, 'too many messages'])
  const large = await connectLive(t, w.url)
  large.say('x'.repeat(20_000))
  t.equal((await large.closed())[0], 1009)
})

t.test('a key that ends takes its connection with it', async t => {
  const w = await world(t)
  const client = await follower(t, w, 'ben')
  const others = await follower(t, w, 'ana')
  await w.publish(keyed.replace(sha256(keyOf('ben')), sha256('another key')), policies)
  await w.ask()
  t.match(await others.next(), { type: 'approval_created' })
  w.beat()
  t.strictSame(await client.closed(), [1008, 'the key is not valid any more'])
})

t.test('a silent peer is asked whether it is there, and one that is gone is let go', async t => {
  const w = await world(t)
  const there = await connectLive(t, w.url)
  const gone = await connectLive(t, w.url)
  gone.socket.pause()
  const asked = new Promise(done => there.socket.once('ping', done))
  w.clock.now += 60_000
  w.beat()
  await asked
  await there.ask({ type: 'ping' })
  w.clock.now += 10_000
  w.beat()
  gone.socket.resume()
  t.strictSame(await gone.closed(), [1001, 'no answer'])
  t.match(await there.ask({ type: 'ping' }), { type: 'pong' })
})

t.test('a peer that does not take what it is sent is let go', async t => {
  const w = await world(t)
  const slow = await follower(t, w, 'ben', 'activity')
  slow.socket.pause()
  const large = line('proxy-a', 1, entry({ args: { text: 'x'.repeat(30_000) } })).trim()
  const many = Array.from({ length: 100 }, () => ({ namespace: 'default', entry: large }))
  // More than the buffers between the two can hold.
  for (let i = 0; i < 1000; i += 1) {
    if (i % 10 === 0) w.live.activity(many)
    await new Promise(setImmediate)
  }
  w.clock.now += 10_000
  w.beat()
  slow.socket.resume()
  t.strictSame(await slow.closed(), [1013, 'too slow'])
})

t.test('strangers make room for one another, and never keep people out', async t => {
  const w = await world(t)
  const first = await connectLive(t, w.url)
  await Promise.all(Array.from({ length: 99 }, () => connectLive(t, w.url)))
  const next = await connectLive(t, w.url)
  t.strictSame(await first.closed(), [1013, 'others wait'])
  t.match(next.handshake, { type: 'handshake' })
  t.match((await connectLive(t, w.url, { key: keyOf('ana') })).handshake, { authenticated: true })
})

t.test('what changes in the source and in force is told as system', async t => {
  const w = await world(t)
  const client = await follower(t, w, 'ana', 'system')
  w.live.source({ at: w.clock.now, state: 'broken', commit: 'abc', problems: 2 })
  t.match(await client.next(), {
    type: 'system',
    topic: 'system',
    event: 'source',
    timestamp: '2026-11-21T12:00:00.000Z',
    state: 'broken',
    commit: 'abc',
    problems: 2,
  })
  await w.publish(`${keyed}---\n${policies.replaceAll('> 5', '> 6')}`)
  t.match(await client.next(), { event: 'released', namespace: 'default', digest: /^sha256:/ })
})

t.test(
  'a controller that runs tells what comes into the audit, and what its source holds',
  async t => {
    const w = await installation(t)
    w.write('a.yaml', policy('p', '{ action: allow }'))
    const { url } = await w.startController()
    const client = await connectLive(t, url, { key: tokens.admin })
    await client.ask({ type: 'subscribe', topic: 'activity' })
    const post = (count: number) =>
      fetch(new URL('/api/v1/records', url), {
        method: 'POST',
        headers: {
          authorization: `Bearer ${tokens.proxy}`,
          'content-type': 'application/x-ndjson',
        },
        body: Array.from({ length: count }, (_, i) =>
          line('proxy-a', i + 1, entry({ call: `call-${i}` })),
        ).join(''),
      })
    await post(1)
    t.match(await client.next(), {
      type: 'activity',
      namespace: 'default',
      entry: { seq: 1, call: 'call-0' },
      args_omitted: false,
    })
    await post(2)
    t.match(await client.next(), { entry: { seq: 2 } }, 'what was there is not told again')
    await client.ask({ type: 'unsubscribe', topic: 'activity' })
    await client.ask({ type: 'subscribe', topic: 'system' })
    w.write('a.yaml', 'no policy')
    const heard = []
    while (heard.at(-1)?.state !== 'broken') heard.push(await client.next())
    t.match(heard.at(-1), { type: 'system', event: 'source', state: 'broken', problems: 1 })
    w.write('a.yaml', policy('p', '{ action: deny }'))
    while (heard.at(-1)?.state !== 'in_force') heard.push(await client.next())
    t.match(heard.filter(({ event }) => event === 'released').at(-1), {
      namespace: 'default',
      digest: /^sha256:/,
      sequence: Number,
    })
  },
)

t.test('other upgrades and other paths are answered as plain requests', async t => {
  const w = await world(t)
  const status = (path: string, upgrade: string) =>
    new Promise<number | undefined>((done, fail) => {
      const headers = { connection: 'upgrade', upgrade }
      const sent = request(new URL(path, w.url), { headers })
      sent.once('response', ({ statusCode }) => done(statusCode))
      sent.once('error', fail)
      sent.end()
    })
  t.equal(await status('/openapi.json', 'h2c'), 200)
  t.equal(await status('/api/v1/ws/other', 'websocket'), 404)
  t.equal(await status('/api/v1/ws/unified', 'h2c'), 400)
})
