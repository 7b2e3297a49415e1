import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { keys, type Test } from '../mcp/world.ts'
import { fakeProvider, stream } from './fake-provider.ts'
import { allModels, modelWorld, price, provider } from './model-world.ts'

async function start(t: Test) {
  const fake = await fakeProvider(t, (_, response) => stream(response))
  const named = (protocol: string, name: string) =>
    provider(protocol, { protocol, baseUrl: fake.url, models: [{ name, price }] })
  const made = await modelWorld(t, [
    allModels,
    named('openai', 'gpt-x'),
    named('anthropic', 'claude-x'),
  ])
  /** Asks for a stream and gives the client's end of it. */
  const open = async (path: string, model: string) => {
    const outgoing = request(new URL(path, made.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.claude}` },
    })
    outgoing.end(JSON.stringify({ model, stream: true, max_tokens: 9, messages: [] }))
    const [answer] = await once(outgoing, 'response')
    return answer
  }
  return { ...made, fake, open }
}

const endpoints = [
  ['/openai/v1/chat/completions', 'gpt-x'],
  ['/openai/v1/responses', 'gpt-x'],
  ['/anthropic/v1/messages', 'claude-x'],
] as const

t.test('every event is passed on before the next one is there', async t => {
  for (const [path, model] of endpoints) {
    const { fake, open } = await start(t)
    fake.script = async (_, response) => {
      stream(response)
      fake.script = () => undefined
      made.provider = response
    }
    const made: { provider?: Parameters<typeof stream>[0] } = {}
    const client = await open(path, model)
    for (let i = 0; i < 200; i++) {
      const text = `data: {"choices":[{"delta":{"content":"${i} é"}}],"usage":null}\n\n`
      const heard = once(client, 'data')
      made.provider?.write(text)
      t.equal(String((await heard)[0]), text)
    }
    made.provider?.end()
    client.resume()
    await once(client, 'end')
  }
})

t.test('an event passes however it is cut into pieces', async t => {
  const { fake, open } = await start(t)
  const events = [
    'data: {"choices":[{"delta":{"content":"ü"}}],"usage":null}\r\n\r\n',
    ': a comment\n\n',
    'data: {"choices":[],"prompt_filter_results":[],"usage":null}\n\n',
    'data: {"choices": [ ], "usage": {"prompt_tokens":3,"completion_tokens":4}}\n\n',
    'data: {"choices":[{"delta":{"content":"\\"choices\\":[],\\"usage\\":{}"}}]}\n\n',
    'data: [DONE]\n\n',
  ]
  const all = Buffer.from(events.join(''))
  const kept = events.filter(event => !event.includes('prompt_tokens')).join('')
  for (const size of [1, 2, 7, 64, all.length]) {
    fake.script = async (_, response) => {
      stream(response)
      for (let at = 0; at < all.length; at += size) {
        response.write(all.subarray(at, at + size))
        await new Promise(resolve => setImmediate(resolve))
      }
      response.end()
    }
    const client = await open('/openai/v1/chat/completions', 'gpt-x')
    let heard = ''
    for await (const chunk of client.setEncoding('utf8')) heard += chunk
    t.equal(heard, kept, `in pieces of ${size}`)
  }
})

t.test('a client that reads slowly slows the provider down', async t => {
  const { fake, open, journal } = await start(t)
  const chunk = `data: {"type":"x","delta":{"text":"${'z'.repeat(64 * 1024)}"}}\n\n`
  const chunks = 400
  let written = 0
  fake.script = async (_, response) => {
    stream(response)
    for (; written < chunks; written++) {
      if (!response.write(chunk)) await once(response, 'drain')
    }
    response.end()
  }
  const client = await open('/anthropic/v1/messages', 'claude-x')
  let before = -1
  while (before !== written) {
    before = written
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  t.ok(written < chunks, `${written} of ${chunks} were taken while nobody read`)
  let bytes = 0
  for await (const piece of client) bytes += piece.length
  t.equal(bytes, chunks * chunk.length)
  t.match(journal.entries[1], { status: 'succeeded', resultBytes: bytes })
})

t.test('the outcome is on record before the stream ends', async t => {
  const { fake, open, journal } = await start(t)
  fake.script = (_, response) => {
    stream(response)
    response.end('data: {"type":"message_stop"}\n\n')
  }
  const client = await open('/anthropic/v1/messages', 'claude-x')
  client.resume()
  await once(client, 'end')
  t.equal(journal.entries.length, 2)
})

t.test('a client that hangs up while it does not read hangs up on the provider', async t => {
  const { fake, open, journal } = await start(t)
  const chunk = `data: {"type":"x","delta":{"text":"${'z'.repeat(64 * 1024)}"}}\n\n`
  const full = Promise.withResolvers<void>()
  fake.script = (_, response) => {
    stream(response)
    const more = () => {
      while (response.write(chunk));
      full.resolve()
      response.once('drain', more)
    }
    more()
  }
  const client = await open('/anthropic/v1/messages', 'claude-x')
  await full.promise
  client.destroy()
  await fake.got[0]?.hungUp
  while (journal.entries.length < 2) await new Promise(resolve => setImmediate(resolve))
  t.match(journal.entries[1], { status: 'cancelled', usageSource: 'partial' })
})

t.test('a prompt is held until its answer begins, and not as long as it streams', async t => {
  const sent: number[] = []
  const server = createServer(async (request, response) => {
    let bytes = 0
    for await (const chunk of request) bytes += chunk.length
    sent.push(bytes)
    stream(response)
    response.write('data: {}\n\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const { url } = await modelWorld(t, [
    allModels,
    provider('openai', { protocol: 'openai', baseUrl, models: [{ name: 'gpt-x', price }] }),
  ])
  const ask = async (characters: number) => {
    const outgoing = request(new URL('/openai/v1/chat/completions', url), {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.claude}` },
    })
    const messages = [{ role: 'user', content: 'p'.repeat(characters) }]
    outgoing.end(JSON.stringify({ model: 'gpt-x', stream: true, max_tokens: 9, messages }))
    const [answer] = await once(outgoing, 'response')
    await once(answer, 'data')
    t.teardown(() => answer.destroy())
  }
  await ask(1)
  const before = held()
  const size = 4 * 1024 * 1024
  for (let i = 0; i < 80; i++) await ask(size)
  t.ok((sent.at(-1) ?? 0) > size)
  t.equal(sent.length, 81, 'more than may be under way at once')
  // Memory outside the heap is given back some time after a collection.
  let more = held() - before
  for (let tries = 0; more > 20 * size && tries < 100; tries++) {
    await after(50)
    more = held() - before
  }
  t.ok(more <= 20 * size, `a quarter of what was sent, and not three times that: ${more} bytes`)
})

/** Bytes in use, once everything that nobody holds is gone. */
function held(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
