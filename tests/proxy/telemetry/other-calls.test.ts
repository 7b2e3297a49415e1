import { join } from 'node:path'
import t from 'tap'
import type { Questions } from '../../../proxy/mcp/needs.ts'
import type { ApprovalNews } from '../../../schemas/approval.ts'
import { modernClient } from '../../conformance/modern-client.ts'
import { RawClient } from '../mcp/raw-client.ts'
import { smallServer, tool } from '../mcp/small-server.ts'
import { allowAll, keys, toolServer } from '../mcp/world.ts'
import { chat, fakeProvider, json } from '../models/fake-provider.ts'
import { allModels, credentials, price, provider } from '../models/model-world.ts'
import { tracedWorld } from './traced-world.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const traceparent = `00-${traceId}-00f067aa0ba902b7-01`
const ofTheTrace = /^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/

const ask = `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: ask }
spec: { tools: [{ name: "*", rules: [{ action: require_approval }] }] }
`

/** People who say yes a little later. */
function yes(): Questions {
  const listeners = new Set<(news: ApprovalNews) => void>()
  const news = (digest: string, keySha256: string, state: 'pending' | 'approved') => ({
    id: 'apr_00000000000000000000000000',
    digest,
    asker: { namespace: 'default', agent: 'claude', keySha256 },
    state,
    expiresAt: '2999-01-01T00:00:00.000Z',
    required: 1,
    received: 0,
    escalated: false,
    approvedBy: [],
  })
  let asked: ApprovalNews | null = null
  return {
    live: true,
    async ask({ digest, keySha256 }) {
      asked = news(digest, keySha256, 'approved')
      setTimeout(() => {
        for (const listener of listeners) if (asked !== null) listener(asked)
      }, 20)
      return news(digest, keySha256, 'pending')
    },
    look: async () => asked,
    claim: async () => asked && { granted: true, news: asked },
    ended: () => undefined,
    watch(_id, listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

t.test('a program on standard streams finds the trace in the message', async t => {
  const args = [join(import.meta.dirname, '../mcp/stdio-program.ts')]
  const program = { transport: 'stdio', command: process.execPath, args }
  const made = await tracedWorld(t, [allowAll, toolServer('program', program)])
  await made.connected()
  const client = await RawClient.open(made.url, keys.claude)
  const meta = { traceparent, baggage: 'user=eve' }
  const { result } = await client.call('meta', {}, { _meta: meta })
  const heard = JSON.parse(result?.content?.[0]?.text ?? '')
  t.match(heard, { traceparent: ofTheTrace, baggage: undefined })
})

t.test('a stateless client has its trace continued as well', async t => {
  const server = await smallServer(t, tool('read'))
  const made = await tracedWorld(t, [allowAll, toolServer('files', { url: server.url })])
  await made.connected()
  const client = modernClient(made.url, keys.claude)
  await client.ask('tools/call', { name: 'read', arguments: {}, _meta: { traceparent } })
  t.match(server.heard.at(-1)?.headers.traceparent, ofTheTrace)
  const [call] = (await made.spans()).filter(({ kind }) => kind === 2)
  t.match(call, { traceId, attributes: { 'mcp.protocol.version': '2026-07-28' } })
})

t.test('the wait for people is a step of its own, and what they approved is sent once', async t => {
  const server = await smallServer(t, tool('pay'))
  const documents = [ask, toolServer('bank', { url: server.url })]
  const made = await tracedWorld(t, documents, {}, { questions: yes() })
  await made.connected()
  const client = await RawClient.open(made.url, keys.claude)
  const { result } = await client.call('pay', { amount: 7 })
  t.notOk(result?.isError, JSON.stringify(result))
  const spans = await made.spans()
  const [call] = spans.filter(({ kind }) => kind === 2)
  t.match(call?.attributes, {
    'writ.decision': 'require_approval',
    'writ.approval': 'apr_00000000000000000000000000',
    'writ.outcome': 'succeeded',
  })
  const steps = spans.filter(({ parentSpanId }) => parentSpanId === call?.spanId)
  t.match(
    steps.filter(({ name }) => name === 'approval'),
    [{ attributes: { 'writ.approval.state': 'approved' } }],
  )
  t.equal(steps.filter(({ kind }) => kind === 3).length, 1)
})

const wires = { openai: 'openai', anthropic: 'anthropic' } as const

for (const protocol of Object.values(wires)) {
  const kind = protocol === 'openai' ? 'that speaks the same' : 'that is translated for'
  t.test(`a model is asked of a provider ${kind} as part of the trace`, async t => {
    const fake = await fakeProvider(t, protocol === 'openai' ? chat(['secret answer']) : claude)
    const spec = {
      protocol,
      baseUrl: fake.url,
      secretRef: { name: protocol, key: 'key' },
      models: [{ name: 'gpt-x', price }],
    }
    const made = await tracedWorld(
      t,
      [allModels, provider('main', spec)],
      {},
      { secrets: async () => credentials.openai },
    )
    const answer = await fetch(new URL('/openai/v1/chat/completions', made.url), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${keys.claude}`,
        'content-type': 'application/json',
        traceparent,
        tracestate: 'a=1',
        baggage: 'user=eve',
      },
      body: JSON.stringify({
        model: 'gpt-x',
        max_tokens: 9,
        messages: [{ role: 'user', content: 'secret question' }],
      }),
    })
    t.equal(answer.status, 200, await answer.text())
    const [got] = fake.got
    t.match(got?.headers.traceparent, ofTheTrace)
    t.equal(got?.headers.tracestate, 'a=1')
    t.equal(got?.headers.baggage, undefined)
    const spans = await made.spans()
    const [call] = spans.filter(one => one.kind === 2)
    t.match(call, {
      traceId,
      name: 'chat',
      failed: false,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'gpt-x',
        'writ.provider': 'main',
        'writ.decision': 'allow',
        'writ.outcome': 'succeeded',
      },
    })
    const steps = spans.filter(({ parentSpanId }) => parentSpanId === call?.spanId)
    t.strictSame(
      steps.map(({ name }) => name),
      ['decide', 'reserve', 'chat gpt-x'],
    )
    t.match(steps.at(-1)?.attributes, {
      'gen_ai.provider.name': protocol,
      'gen_ai.request.max_tokens': 9,
      'gen_ai.usage.input_tokens': 11,
      'server.address': '127.0.0.1',
    })
    const told = made.collector.bytes.join()
    for (const secret of ['secret question', 'secret answer', credentials.openai, keys.claude]) {
      t.notOk(told.includes(secret), secret)
    }
    t.strictSame(
      made.journal.entries.map(({ trace }) => trace),
      [traceId, traceId],
    )
  })
}

/** What Anthropic answers to a message. */
function claude(_got: unknown, response: Parameters<typeof json>[0]): void {
  json(response, {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'gpt-x',
    content: [{ type: 'text', text: 'secret answer' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 11, output_tokens: 2 },
  })
}

t.test('a log line about a call has the ids of its span', async t => {
  const server = await smallServer(t, tool('read'))
  const made = await tracedWorld(t, [allowAll, toolServer('files', { url: server.url })])
  await made.connected()
  const client = await RawClient.open(made.url, keys.claude)
  made.journal.broken = () => true
  await client.call('read', {}, { _meta: { traceparent } })
  const [, fields] = made.logged.find(([, , message]) => message === 'call not recorded') ?? []
  t.match(fields, { call: /^[0-9a-f-]{36}$/, traceId, spanId: /^[0-9a-f]{16}$/ })
  const [call] = (await made.spans()).filter(({ kind }) => kind === 2)
  t.match(fields, { spanId: call?.spanId })
})
