import OpenAI from 'openai'
import t from 'tap'
import type { Secrets } from '../../../proxy/mcp/needs.ts'
import { keys, type Test } from '../mcp/world.ts'
import { chat, event, fakeProvider, json, type Script, stream } from './fake-provider.ts'
import { allModels, modelWorld, price, provider } from './model-world.ts'

const hello = [{ role: 'user' as const, content: 'hello' }]
const ask = { model: 'gpt-x', messages: hello }

interface Setting {
  readonly policy?: string
  readonly scripted?: boolean
  readonly secrets?: Secrets
}

async function start(
  t: Test,
  scripts: readonly Script[],
  { policy = allModels, scripted = false, secrets = async () => 'a-key' }: Setting = {},
) {
  const fakes = await Promise.all(scripts.map(script => fakeProvider(t, script)))
  const documents = fakes.map((fake, i) =>
    provider(`p${i + 1}`, {
      protocol: 'openai',
      baseUrl: fake.url,
      secretRef: { name: `p${i + 1}`, key: 'key' },
      models: [{ name: 'gpt-x', upstream: `gpt-x-at-p${i + 1}`, order: i + 1, price }],
    }),
  )
  const own = provider('own', { protocol: 'scripted', models: [{ name: 'gpt-x', order: 9 }] })
  const all = [policy, ...documents, ...(scripted ? [own] : [])]
  const made = await modelWorld(t, all, { secrets })
  const client = new OpenAI({ baseURL: made.openai, apiKey: keys.claude, maxRetries: 0 })
  const story = () =>
    made.journal.entries.map(({ phase, provider, status, upstreamStatus }) =>
      [provider, phase, status, upstreamStatus].filter(Boolean).join(' '),
    )
  return { ...made, fakes, client, story }
}

const busy: Script = (_, response) => json(response, { error: { message: 'busy' } }, 429)
const broken: Script = (_, response) => json(response, { error: { message: 'broken' } }, 503)
const wrong: Script = (_, response) => json(response, { error: { message: 'wrong' } }, 400)

t.test('the next provider is asked when one is busy, broken or away', async t => {
  for (const [script, outcome] of [
    [busy, 'failed 429'],
    [broken, 'failed 503'],
    [((_, response) => response.destroy()) as Script, 'unknown upstream_lost'],
  ] as const) {
    const { client, fakes, story } = await start(t, [script, chat(['hi'])])
    const answer = await client.chat.completions.create(ask)
    t.equal(answer.choices[0]?.message.content, 'hi')
    t.equal(fakes[1]?.got[0]?.body.model, 'gpt-x-at-p2')
    t.strictSame(story(), [
      'p1 attempt',
      `p1 outcome ${outcome}`,
      'p2 attempt',
      'p2 outcome succeeded 200',
    ])
  }
})

t.test('the last error is told when none can answer', async t => {
  const { client } = await start(t, [busy, broken])
  await t.rejects(client.chat.completions.create(ask), { message: '503 broken' })
})

t.test('nobody else is asked when a provider turns a request down', async t => {
  const { client, fakes } = await start(t, [wrong, chat(['hi'])])
  await t.rejects(client.chat.completions.create(ask), { message: '400 wrong' })
  t.strictSame(fakes[1]?.got, [])
})

t.test('nobody else is asked once the answer has begun', async t => {
  const { client, fakes } = await start(t, [
    (_, response) => {
      stream(response)
      event(response, { id: '1', choices: [{ index: 0, delta: { content: 'ab' } }] })
      setImmediate(() => response.destroy())
    },
    chat(['hi']),
  ])
  const listen = async () => {
    for await (const _ of await client.chat.completions.create({ ...ask, stream: true }));
  }
  await t.rejects(listen())
  t.strictSame(fakes[1]?.got, [])
})

t.test('every try is judged for its own provider', async t => {
  const policy = `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: models }
spec:
  models:
    - name: gpt-x
      rules:
        - { name: not-p2, when: model.provider == "p2", action: deny }
        - action: allow
`
  const { client, fakes, story } = await start(t, [busy, chat(['hi'])], { policy })
  await t.rejects(client.chat.completions.create(ask), { message: '429 busy' })
  t.strictSame(fakes[1]?.got, [])
  t.strictSame(story(), ['p1 attempt', 'p1 outcome failed 429', 'p2 attempt', 'p2 outcome refused'])
})

t.test('a provider without its credential is passed over', async t => {
  const secrets: Secrets = async (_, { name }) => (name === 'p2' ? 'a-key\n' : null)
  const { client, fakes } = await start(t, [chat(['one']), chat(['two'])], { secrets })
  t.equal((await client.chat.completions.create(ask)).choices[0]?.message.content, 'two')
  t.strictSame(fakes[0]?.got, [])
  t.equal(fakes[1]?.got[0]?.headers.authorization, 'Bearer a-key')
})

t.test('a scripted provider answers only where nobody has a credential', async t => {
  const none = await start(t, [chat(['one'])], { scripted: true, secrets: async () => null })
  const answer = await none.client.chat.completions.create(ask)
  t.equal(answer.model, 'gpt-x')
  t.strictSame(none.story(), ['own attempt', 'own outcome succeeded 200'])
  t.match(none.journal.entries[1], { costMicroUsd: 0 })
  const away = await start(t, [busy], { scripted: true })
  await t.rejects(away.client.chat.completions.create(ask), { message: '429 busy' })
})

t.test('nobody stands in for a provider whose credential cannot be looked up', async t => {
  const secrets: Secrets = async (_, { name }) => {
    if (name === 'p1') throw new Error('the vault of hunter2 does not answer')
    return 'a-key'
  }
  const started = await start(t, [chat(['one']), chat(['two'])], { scripted: true, secrets })
  const asked = started.client.chat.completions.create(ask)
  await t.rejects(asked, {
    message: /the secret p1\/key that holds its key cannot be looked up/,
    code: 'credential_missing',
  })
  t.strictSame(started.fakes[1]?.got, [])
  t.notMatch(JSON.stringify(started.journal.entries), 'hunter2')
})

t.test('a scripted stream is a stream', async t => {
  const none = await start(t, [], { scripted: true })
  const said: string[] = []
  for await (const chunk of await none.client.chat.completions.create({ ...ask, stream: true })) {
    said.push(chunk.choices[0]?.delta.content ?? '')
  }
  t.ok(said.filter(Boolean).length > 1)
  t.match(none.journal.entries[1], { status: 'succeeded', usageSource: 'provider' })
})

t.test(
  'without any credential the caller is told what is missing, if it may use the model',
  async t => {
    const { client, journal } = await start(t, [chat([])], { secrets: async () => null })
    const asked = client.chat.completions.create(ask)
    await t.rejects(asked, { message: /secret p1\/key/, code: 'credential_missing' })
    t.match(journal.entries, [
      { action: 'deny', reason: 'credential_missing' },
      { status: 'refused' },
    ])
    const policy =
      'apiVersion: writ.dev/v1alpha1\nkind: AccessPolicy\nmetadata: { name: none }\nspec: {}'
    const denied = await start(t, [chat([])], { secrets: async () => null, policy })
    const refused = denied.client.chat.completions.create(ask)
    await t.rejects(refused, { code: 'policy_denied' })
  },
)
