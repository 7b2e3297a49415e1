import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import OpenAI from 'openai'
import t, { type Test } from 'tap'
import { type ScriptedRequest, scripted } from '../../../../proxy/models/scripted/scripted.ts'
import type { Translated } from '../../../../proxy/models/translate/translation.ts'
import { anthropicClient } from '../translate/anthropic-client.ts'
import { openaiClients } from '../translate/openai-clients.ts'
import { vercelClients } from '../translate/vercel-clients.ts'

const needs = { now: () => 1_700_000_000_000, newId: () => 'id' }

type Kind = Pick<ScriptedRequest, 'dialect' | 'verdict'>

const kinds: Readonly<Record<string, Kind>> = {
  '/openai/v1/chat/completions': { dialect: 'chat', verdict: 'generate' },
  '/openai/v1/responses': { dialect: 'responses', verdict: 'generate' },
  '/openai/v1/embeddings': { dialect: 'chat', verdict: 'embed' },
  '/anthropic/v1/messages': { dialect: 'messages', verdict: 'generate' },
}

async function serve(t: Test): Promise<string> {
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request))
    const kind = kinds[request.url ?? '']!
    const answer = scripted({ ...kind, body, model: body.model }, needs)
    if (answer.kind === 'stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for await (const chunk of answer.chunks) response.write(chunk)
      response.end()
    } else
      response
        .writeHead(answer.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(answer.json))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('every SDK hears the scripted model and calls tools with it', async t => {
  const url = await serve(t)
  const clients = [
    ...openaiClients(url, 'k'),
    anthropicClient(url, 'k'),
    ...vercelClients(url, 'k'),
  ]
  for (const { name, dialect, ask } of clients)
    for (const stream of [false, true]) {
      const who = `${name} ${dialect} ${stream}`
      const said = await ask({ model: 'demo', text: 'good day', stream })
      t.match(said.text, /^You said: "good day" I am demo, played by Writ itself/, who)
      const asked = { model: 'demo', text: 'call clock {"zone": "UTC"}', stream, tools: true }
      const called = await ask({ ...asked, loop: true })
      t.strictSame(called.calls, [{ name: 'clock', input: { zone: 'UTC' } }], who)
      t.equal(called.text, 'The tool answered: "noon"', who)
    }
})

t.test('embeddings are fixed, of length 1, and of the size asked for', async t => {
  const openai = new OpenAI({ baseURL: `${await serve(t)}/openai/v1`, apiKey: 'k' })
  const embed = async (input: string, encoding_format: 'base64' | 'float') =>
    await openai.embeddings.create({ model: 'e', input: [input], dimensions: 24, encoding_format })
  const [first] = (await embed('a', 'float')).data
  t.equal(first?.embedding.length, 24)
  t.ok(Math.abs(Math.hypot(...(first?.embedding ?? [])) - 1) < 1e-6)
  t.strictSame((await embed('a', 'float')).data, [first])
  t.notSame((await embed('b', 'float')).data, [first])
  const packed = (await embed('a', 'base64')).data[0]?.embedding as unknown as string
  const bytes = Buffer.from(packed, 'base64')
  t.strictSame(bytes.readFloatLE(4), first?.embedding[1])
})

t.test('as many words as allowed are said, by the client or by whoever pays', t => {
  const body = { messages: [{ role: 'user', content: 'hello' }], max_tokens: 3 }
  const request = { dialect: 'messages', verdict: 'generate', body, model: 'm' } as const
  const cut = (answer: Translated) =>
    answer.kind === 'answer' && { ...(answer.json as object), usage: answer.usage?.outputTokens }
  t.match(cut(scripted(request, needs)), {
    content: [{ text: 'You said: "hello"' }],
    stop_reason: 'max_tokens',
    usage: 3,
  })
  t.match(cut(scripted({ ...request, maxOutputTokens: 2 }, needs)), {
    content: [{ text: 'You said:' }],
    usage: 2,
  })
  t.end()
})

t.test('what agents add before the words of the person is not minded', t => {
  const parts = ['<system-reminder>lots</system-reminder>', 'call'].map(said => ({
    type: 'text',
    text: said,
  }))
  const body = {
    messages: [{ role: 'user', content: parts }],
    tools: [{ name: 'first', input_schema: {} }, { name: 'second' }],
    whatever: true,
  }
  const answer = scripted({ dialect: 'messages', verdict: 'generate', body, model: 'm' }, needs)
  t.match(answer, { json: { content: [{ type: 'tool_use', name: 'first', input: {} }] } })
  t.end()
})

t.test('tokens are counted without saying anything', t => {
  const body = { messages: [{ role: 'user', content: 'hello' }] }
  const answer = scripted({ dialect: 'messages', verdict: 'count', body, model: 'm' }, needs)
  const tokens = Math.ceil(JSON.stringify(body).length / 4)
  t.match(answer, { json: { input_tokens: tokens }, usage: { inputTokens: tokens } })
  t.end()
})

t.test('a request without words is turned down in its dialect', t => {
  for (const [dialect, field] of [
    ['chat', 'messages'],
    ['responses', 'input'],
  ] as const)
    t.match(scripted({ dialect, verdict: 'generate', body: {}, model: 'm' }, needs), {
      kind: 'refused',
      status: 400,
      field,
      json: { error: { param: field } },
    })
  t.end()
})
