import t from 'tap'
import type { ToldSpan } from '../../telemetry/collector.ts'
import { RawClient } from '../mcp/raw-client.ts'
import { says, smallServer, tool } from '../mcp/small-server.ts'
import { allowAll, keys, toolServer, world } from '../mcp/world.ts'
import { tracedWorld } from './traced-world.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'
const traceparent = `00-${traceId}-${spanId}-01`
const own = /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/

const named = (spans: readonly ToldSpan[], name: string) => spans.filter(span => span.name === name)
const parentOf = (traceparent: unknown) => String(traceparent).split('-')

const denied = `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: rules }
spec:
  tools:
    - name: deploy
      rules: [{ name: no-prod, when: 'args.env == "prod"', action: deny }, { action: allow }]
`

t.test('a call is one span of the server with a child for what takes time', async t => {
  const server = await smallServer(t, tool('read'))
  const made = await tracedWorld(t, [allowAll, toolServer('files', { url: server.url })])
  await made.connected()
  const client = await RawClient.open(made.url, keys.claude)
  const { result } = await client.call('read', { path: '/secret/plans' })
  t.ok(result?.content, 'the call was answered')
  const spans = await made.spans()
  const [call] = spans.filter(({ kind }) => kind === 2)
  const [attempt] = made.journal.entries
  t.match(call, {
    name: 'tools/call',
    parentSpanId: '',
    failed: false,
    attributes: {
      'mcp.method.name': 'tools/call',
      'mcp.protocol.version': '2025-11-25',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'read',
      'gen_ai.agent.name': 'claude',
      'writ.namespace': 'default',
      'writ.server': 'files',
      'writ.decision': 'allow',
      'writ.reason': 'rule',
      'writ.policy': 'allow-all',
      'writ.outcome': 'succeeded',
      'writ.call': attempt?.call,
      'writ.table': attempt?.table,
    },
    resource: { 'service.name': 'test', 'service.version': '1' },
  })
  t.strictSame(
    spans
      .filter(({ parentSpanId }) => parentSpanId === call?.spanId)
      .map(({ name, kind, failed }) => [name, kind, failed]),
    [
      ['decide', 1, false],
      ['tools/call read', 3, false],
    ],
  )
  t.strictSame([...new Set(spans.map(({ traceId }) => traceId))], [call?.traceId])
  t.notMatch(made.collector.bytes.join(), 'plans', 'the arguments are in no span')
})

t.test('the trace of the client goes on through the proxy to the server', async t => {
  const server = await smallServer(t, tool('read'))
  const made = await tracedWorld(t, [allowAll, toolServer('files', { url: server.url })])
  await made.connected()
  const client = await RawClient.open(made.url, keys.claude)
  await client.call(
    'read',
    {},
    { _meta: { traceparent, tracestate: 'a=1,b=2', baggage: 'user=eve', other: 1 } },
  )
  const [heard] = server.heard.filter(({ method }) => method === 'tools/call')
  const meta = Object(heard?.params._meta)
  const spans = await made.spans()
  const [upstream] = named(spans, 'tools/call read')
  t.strictSame(meta, {
    other: 1,
    traceparent: `00-${traceId}-${upstream?.spanId}-01`,
    tracestate: 'a=1,b=2',
  })
  t.equal(heard?.headers.traceparent, meta.traceparent, 'the HTTP request says so too')
  t.equal(heard?.headers.tracestate, 'a=1,b=2')
  t.equal(heard?.headers.baggage, undefined)
  const [call] = spans.filter(({ kind }) => kind === 2)
  t.match(call, { traceId, parentSpanId: spanId, traceState: 'a=1,b=2' })
  t.strictSame(
    made.journal.entries.map(({ trace }) => trace),
    [traceId, traceId],
    'the records name the trace',
  )
})

t.test(
  'the header of the HTTP request speaks where the message says nothing, and is linked where it does',
  async t => {
    const server = await smallServer(t, tool('read'))
    const made = await tracedWorld(t, [allowAll, toolServer('files', { url: server.url })])
    await made.connected()
    const client = await RawClient.open(made.url, keys.claude)
    const ask = (id: number, params: object) =>
      client.post(
        { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'read', ...params } },
        { traceparent: `00-${traceId}-1111111111111111-01`, 'x-secret': 'not for the server' },
      )
    await ask(100, {})
    await ask(101, { _meta: { traceparent } })
    const calls = (await made.spans()).filter(({ kind }) => kind === 2)
    t.strictSame(
      calls.map(({ parentSpanId, links }) => ({ parentSpanId, links })),
      [
        { parentSpanId: '1111111111111111', links: [] },
        { parentSpanId: spanId, links: ['1111111111111111'] },
      ],
    )
    const last = server.heard.at(-1)?.headers ?? {}
    t.match(last.traceparent, own)
    t.equal(last['x-secret'], undefined, 'nothing else of the headers goes on')
  },
)

t.test('what is no trace context begins a trace of its own', async t => {
  const server = await smallServer(t, tool('read'))
  const made = await tracedWorld(t, [allowAll, toolServer('files', { url: server.url })])
  await made.connected()
  const client = await RawClient.open(made.url, keys.claude)
  const bad = [
    '',
    'garbage',
    7,
    [traceparent],
    traceparent.toUpperCase(),
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `ff-${traceId}-${spanId}-01`,
    `${traceparent}-more`,
    `${traceparent}\nx: y`,
    `cc-${traceId}-${spanId}-01-${'x'.repeat(1_000_000)}`,
  ]
  for (const one of bad) await client.call('read', {}, { _meta: { traceparent: one } })
  const calls = (await made.spans()).filter(({ kind }) => kind === 2)
  t.equal(calls.length, bad.length)
  t.strictSame(
    calls.filter(({ traceId: id, parentSpanId }) => id === traceId || parentSpanId !== ''),
    [],
  )
  const called = server.heard.filter(({ method }) => method === 'tools/call')
  const sent = called.map(({ headers }) => headers.traceparent)
  t.strictSame(
    sent.filter(value => !own.test(String(value))),
    [],
    'the server hears of the trace that was begun',
  )
  await client.call('read', {}, { _meta: { traceparent, tracestate: 'a='.padEnd(600, 'x') } })
  t.equal(server.heard.at(-1)?.headers.tracestate, undefined, 'what is too long does not go on')
})

t.test('a call that is refused says so, and a name that nobody offers is not told', async t => {
  const server = await smallServer(t, tool('deploy'))
  const made = await tracedWorld(t, [denied, toolServer('small', { url: server.url })])
  await made.connected()
  const client = await RawClient.open(made.url, keys.claude)
  await client.call('deploy', { env: 'prod' })
  await client.call('what-i-always-wanted-to-tell')
  const spans = await made.spans()
  const [refused, unknown] = spans.filter(({ kind }) => kind === 2)
  t.match(refused, {
    failed: true,
    attributes: {
      'error.type': 'rule',
      'gen_ai.tool.name': 'deploy',
      'writ.decision': 'deny',
      'writ.rule': 'no-prod',
      'writ.outcome': 'refused',
    },
  })
  t.match(unknown, { failed: true, attributes: { 'writ.outcome': 'refused' } })
  t.strictSame(
    spans.filter(({ kind }) => kind === 3),
    [],
    'nothing was sent',
  )
  t.notMatch(made.collector.bytes.join(), 'always-wanted')
})

t.test('a tool that fails is told by its class, not by its words', async t => {
  const server = await smallServer(t, tool('read'))
  const made = await tracedWorld(t, [allowAll, toolServer('files', { url: server.url })])
  await made.connected()
  const client = await RawClient.open(made.url, keys.claude)
  server.onCall = () => ({ ...says('the password is hunter2'), isError: true })
  await client.call('read')
  const spans = await made.spans()
  for (const kind of [2, 3]) {
    const [span] = spans.filter(one => one.kind === kind)
    t.match(span, { failed: true, events: 0, attributes: { 'error.type': 'tool_error' } })
  }
  t.notMatch(made.collector.bytes.join(), 'hunter2')
})

t.test('lists and pings are not traced', async t => {
  const server = await smallServer(t, tool('read'))
  const made = await tracedWorld(t, [allowAll, toolServer('files', { url: server.url })])
  await made.connected()
  const client = await RawClient.open(made.url, keys.claude)
  await client.ask('tools/list')
  await client.ask('ping')
  t.strictSame(await made.spans(), [])
})

t.test(
  'nothing is added where nobody traces, and what the client says goes on as it is',
  async t => {
    const server = await smallServer(t, tool('read'))
    const made = await world(t, [allowAll, toolServer('files', { url: server.url })])
    await made.connected()
    const client = await RawClient.open(made.url, keys.claude)
    await client.call('read', {}, { _meta: { traceparent, tracestate: 'a=1' } })
    const heard = server.heard.at(-1)
    t.strictSame(heard?.params._meta, { traceparent, tracestate: 'a=1' })
    t.equal(heard?.headers.traceparent, undefined)
    t.notOk('trace' in (made.journal.entries[0] ?? {}))
  },
)

t.test('a client cannot have more traced than the ratio says', async t => {
  const server = await smallServer(t, tool('read'))
  const env = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }
  const made = await tracedWorld(t, [allowAll, toolServer('files', { url: server.url })], env)
  await made.connected()
  const client = await RawClient.open(made.url, keys.claude)
  const chosen = `00-${'0'.repeat(31)}1-${spanId}-01`
  for (let i = 0; i < 20; i++) await client.call('read', {}, { _meta: { traceparent: chosen } })
  t.match(server.heard.at(-1)?.headers.traceparent, /^00-0{31}1-[0-9a-f]{16}-00$/)
  t.equal(parentOf(server.heard.at(-1)?.headers.traceparent)[1], `${'0'.repeat(31)}1`)
  t.strictSame(await made.spans(), [])
})
