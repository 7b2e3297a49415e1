import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai'
import t from 'tap'
import { keys, type Test } from '../mcp/world.ts'
import {
  chat,
  chatToolCall,
  fakeProvider,
  messages,
  responses,
  type Script,
} from './fake-provider.ts'
import { allModels, modelWorld, price, provider } from './model-world.ts'

async function start(t: Test, protocol: 'openai' | 'anthropic', script: Script, more: object = {}) {
  const fake = await fakeProvider(t, script)
  const models = [{ name: 'model-x', price }]
  const spec = { protocol, baseUrl: fake.url, models, ...more }
  const made = await modelWorld(t, [allModels, provider(protocol, spec)])
  const openai = createOpenAI({ baseURL: made.openai, apiKey: keys.claude })
  const anthropic = createAnthropic({ baseURL: `${made.anthropic}/v1`, apiKey: keys.claude })
  const models_ = {
    chat: openai.chat('model-x'),
    responses: openai('model-x'),
    messages: anthropic('model-x'),
  }
  return { ...made, fake, models: models_ }
}

const dialects = ['chat', 'responses', 'messages'] as const
const scripts = { chat, responses, messages }
const words = ['hel', 'lo', ' there']

for (const dialect of dialects) {
  const own = dialect === 'messages' ? 'anthropic' : 'openai'
  const other = own === 'openai' ? 'anthropic' : 'openai'

  t.test(`${dialect}: words come through a provider that speaks it`, async t => {
    const { models, journal } = await start(t, own, scripts[dialect](words))
    const whole = await generateText({ model: models[dialect], prompt: 'hi', maxRetries: 0 })
    t.equal(whole.text, 'hello there')
    const streamed = streamText({ model: models[dialect], prompt: 'hi', maxRetries: 0 })
    const heard: string[] = []
    for await (const text of streamed.textStream) heard.push(text)
    t.equal(heard.join(''), 'hello there')
    t.ok(heard.length > 1)
    const ends = journal.entries.filter(({ phase }) => phase === 'outcome')
    t.strictSame(
      ends.map(({ status, usageSource, stream }) => [status, usageSource, stream]),
      [
        ['succeeded', 'provider', false],
        ['succeeded', 'provider', true],
      ],
    )
  })

  t.test(`${dialect}: words come through a provider that speaks another`, async t => {
    const script = other === 'openai' ? responsesOrChat(words) : messages(words)
    const { models, journal } = await start(t, other, script)
    const whole = await generateText({ model: models[dialect], prompt: 'hi', maxRetries: 0 })
    t.equal(whole.text, 'hello there')
    const streamed = streamText({ model: models[dialect], prompt: 'hi', maxRetries: 0 })
    t.equal(await streamed.text, 'hello there')
    while (journal.entries.length < 4) await new Promise(resolve => setImmediate(resolve))
    const ends = journal.entries.filter(({ phase }) => phase === 'outcome')
    t.strictSame(
      ends.map(({ status, usageSource, stream, usage }) => [
        status,
        usageSource,
        stream,
        usage?.outputTokens,
      ]),
      [
        ['succeeded', 'provider', false, 3],
        ['succeeded', 'provider', true, 3],
      ],
    )
  })
}

/** A provider of OpenAI, whichever of its two APIs it is asked by. */
function responsesOrChat(words: readonly string[]): Script {
  return (got, response) =>
    (got.url.endsWith('/responses') ? responses : chat)(words)(got, response)
}

t.test('a loop with a tool runs to its end', async t => {
  const script: Script = (got, response) => {
    const said = JSON.stringify(got.body.messages)
    const step = said.includes('"role":"tool"')
      ? chat(['done'])
      : chatToolCall('echo', { text: 'hi' })
    return step(got, response)
  }
  const { models, fake } = await start(t, 'openai', script)
  const inputSchema = jsonSchema<{ text: string }>({
    type: 'object',
    properties: { text: { type: 'string' } },
    required: ['text'],
  })
  const echo = tool({ inputSchema, execute: async ({ text }) => `echo: ${text}` })
  const streamed = streamText({
    model: models.chat,
    prompt: 'hi',
    tools: { echo },
    stopWhen: stepCountIs(3),
    maxRetries: 0,
  })
  t.equal(await streamed.text, 'done')
  t.match(JSON.stringify(fake.got[1]?.body), 'echo: hi')
})

t.test('a refusal reaches whoever runs the loop, in words', async t => {
  const { models, tables } = await start(t, 'openai', chat([]))
  tables.put(
    'apiVersion: writ.dev/v1alpha1\nkind: AccessPolicy\nmetadata: { name: none }\nspec: {}',
  )
  for (const dialect of dialects) {
    const asked = generateText({ model: models[dialect], prompt: 'hi', maxRetries: 3 })
    await t.rejects(asked, { message: /Writ refused the request to "model-x"/ })
  }
})
