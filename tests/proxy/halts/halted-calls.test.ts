import { once } from 'node:events'
import { request, type ServerResponse } from 'node:http'
import t from 'tap'
import { until } from '../../controller/world.ts'
import { RawClient } from '../mcp/raw-client.ts'
import { reply, says, smallServer, tool } from '../mcp/small-server.ts'
import { allowAll, keys, type Test, toolServer, world } from '../mcp/world.ts'
import { event, fakeProvider, stream } from '../models/fake-provider.ts'
import { allModels, modelWorld, price, provider } from '../models/model-world.ts'
import { notice, settableHalts, since } from './settable-halts.ts'

async function start(t: Test, ...documents: string[]) {
  const server = await smallServer(t, tool('pay'))
  server.prompts = [{ name: 'greet' }]
  server.resources = [{ uri: 'file:///a', name: 'a' }]
  const halts = settableHalts()
  const made = await world(t, [allowAll, toolServer('bank', { url: server.url }), ...documents], {
    halts,
  })
  await made.connected()
  const client = await RawClient.open(made.url, keys.claude)
  return { ...made, server, halts, client }
}

const why = `everything is halted by ana since ${since} (hlt-1): incident 4711.`

t.test('every kind of call is refused while halted, says by what, and goes on after', async t => {
  const { client, halts, server, journal } = await start(t)
  const calls = () =>
    Promise.all([
      client.call('pay', { text: 'x' }),
      client.ask('resources/read', { uri: 'file:///a' }),
      client.ask('resources/subscribe', { uri: 'file:///a' }),
      client.ask('prompts/get', { name: 'greet' }),
      client.ask('completion/complete', {
        ref: { type: 'ref/prompt', name: 'greet' },
        argument: { name: 'who', value: 'a' },
      }),
      client.call('no-such-tool'),
    ])
  halts.set(notice())
  for (const { result, error } of await calls()) {
    t.match(result?.content?.[0]?.text ?? error?.message, why)
  }
  t.strictSame(
    server.heard.filter(({ method }) => !method.startsWith('notifications')),
    [],
  )
  const refused = await client.call('pay')
  t.match(refused.result, {
    isError: true,
    structuredContent: { decision: 'deny', reason: 'halted', halt: 'hlt-1' },
  })
  t.match(journal.entries.slice(-2), [
    { phase: 'attempt', action: 'deny', reason: 'halted', halt: 'hlt-1', message: why },
    { phase: 'outcome', action: 'deny', reason: 'halted', halt: 'hlt-1', status: 'refused' },
  ])
  t.equal((await client.ask('tools/list')).result?.tools?.length, 1, 'lists can be read')
  halts.set()
  for (const { result } of (await calls()).slice(0, 5)) t.notMatch(JSON.stringify(result), 'halted')
})

t.test('a halt is of what it names: tools or models, one namespace, one agent', async t => {
  const { client, halts } = await start(t)
  for (const other of [{ what: 'models' }, { namespace: 'prod' }, { agent: 'codex' }] as const) {
    halts.set(notice(other))
    t.notMatch(await client.call('pay'), { result: { isError: true } }, JSON.stringify(other))
  }
  for (const own of [{ what: 'tools' }, { namespace: 'default' }, { agent: 'claude' }] as const) {
    halts.set(notice({ agent: 'codex' }), notice(own))
    t.match(await client.call('pay'), { result: { isError: true } }, JSON.stringify(own))
  }
})

t.test('a call under way is cancelled at its server, and its client told', async t => {
  const { client, halts, server, journal } = await start(t)
  const held = Promise.withResolvers<() => void>()
  server.onCall = (heard, response) => {
    if (heard.method === 'tools/call') held.resolve(() => reply(response, heard.id, says('late')))
    return undefined
  }
  const answer = client.call('pay')
  const answerLate = await held.promise
  halts.set(notice({ agent: 'codex' }))
  halts.set(notice())
  const { result } = await answer
  t.match(result?.content?.[0]?.text, why)
  t.match(result?.content?.[0]?.text, 'It may or may not have been done')
  await until(() => server.heard.some(({ method }) => method === 'notifications/cancelled'))
  answerLate()
  t.match(journal.entries.slice(-2), [
    { phase: 'attempt', action: 'allow', reason: 'rule' },
    { phase: 'outcome', action: 'allow', reason: 'halted', halt: 'hlt-1', status: 'cancelled' },
  ])
  t.notOk('halt' in (journal.entries.at(-2) ?? {}))
})

t.test('a call that is halted while it is written down does not go out', async t => {
  const { client, halts, server, journal } = await start(t)
  await client.call('pay')
  const before = server.heard.length
  journal.broken = ({ phase }) => {
    if (phase === 'attempt') halts.set(notice())
    return false
  }
  t.match((await client.call('pay')).result, {
    isError: true,
    structuredContent: { reason: 'halted', halt: 'hlt-1' },
  })
  t.equal(server.heard.length, before)
  t.match(journal.entries.slice(-2), [
    { phase: 'attempt', action: 'allow' },
    { phase: 'outcome', action: 'deny', reason: 'halted', halt: 'hlt-1', status: 'refused' },
  ])
})

const models = {
  openai: ['/openai/v1/chat/completions', 'gpt-x'],
  anthropic: ['/anthropic/v1/messages', 'claude-x'],
} as const

function beginMessage(response: ServerResponse): void {
  const usage = { input_tokens: 7, output_tokens: 1 }
  const frame = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-x', content: [] }
  const ends = { stop_reason: null, stop_sequence: null }
  event(response, { type: 'message_start', message: { ...frame, ...ends, usage } }, 'message_start')
  const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } }
  const block = { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }
  event(response, block, 'content_block_start')
  event(response, delta, 'content_block_delta')
}

async function startModels(t: Test) {
  const fake = await fakeProvider(t, ({ url }, response) => {
    stream(response)
    if (url.startsWith('/v1/messages')) beginMessage(response)
  })
  const halts = settableHalts()
  const named = (protocol: string, name: string) =>
    provider(protocol, { protocol, baseUrl: fake.url, models: [{ name, price }] })
  const documents = [allModels, named('openai', 'gpt-x'), named('anthropic', 'claude-x')]
  const made = await modelWorld(t, documents, { halts })
  const open = async (path: string, model: string, stream = true) => {
    const outgoing = request(new URL(path, made.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.claude}` },
    })
    const messages = [{ role: 'user', content: 'hello' }]
    outgoing.end(JSON.stringify({ model, stream, max_tokens: 9, messages }))
    const [answer] = await once(outgoing, 'response')
    const chunks: Buffer[] = []
    answer.on('data', (chunk: Buffer) => chunks.push(chunk))
    const whole = once(answer, 'end').then(() => Buffer.concat(chunks).toString())
    return { status: answer.statusCode as number, chunks, whole }
  }
  return { ...made, fake, halts, open }
}

t.test('requests to models are refused while halted', async t => {
  for (const [path, model] of Object.values(models)) {
    const { halts, open, fake, journal } = await startModels(t)
    halts.set(notice({ what: 'models' }))
    const { status, whole } = await open(path, model)
    t.equal(status, path.startsWith('/anthropic') ? 403 : 400)
    t.match(await whole, 'all models are halted by ana')
    t.equal(fake.got.length, 0)
    t.match(journal.entries, [
      { phase: 'attempt', action: 'deny', reason: 'halted', halt: 'hlt-1' },
      { phase: 'outcome', reason: 'halted', status: 'refused' },
    ])
    t.match(await (await open(path, 'no-such-model')).whole, 'all models are halted by ana')
  }
})

t.test(
  'a stream under way is cut and ends with why, in both dialects, translated or not',
  async t => {
    const crossed = [...Object.values(models), ['/openai/v1/chat/completions', 'claude-x'] as const]
    for (const [path, model] of crossed) {
      const { halts, open, fake, journal } = await startModels(t)
      const asked = open(path, model)
      await until(() => fake.got.length === 1)
      const { chunks, whole } = await asked
      halts.set(notice())
      await fake.got[0]?.hungUp
      t.match(await whole, why, `${path} ${model}`)
      t.ok(chunks.length > 0)
      t.match(journal.entries.at(-1), {
        ...{ phase: 'outcome', action: 'allow', reason: 'halted', halt: 'hlt-1' },
        ...{ status: 'cancelled', error: why },
      })
    }
  },
)

t.test('an answer that had not begun is a refusal', async t => {
  for (const [path, model] of Object.values(models)) {
    const { halts, open, fake, journal } = await startModels(t)
    fake.script = () => undefined
    const asked = open(path, model, false)
    await until(() => fake.got.length === 1)
    halts.set(notice())
    const { status, whole } = await asked
    t.equal(status, path.startsWith('/anthropic') ? 403 : 400)
    t.match(await whole, why)
    t.match(journal.entries.at(-1), { reason: 'halted', status: 'cancelled' })
  }
})
