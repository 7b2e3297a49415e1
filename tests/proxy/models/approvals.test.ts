import OpenAI from 'openai'
import type { Test } from 'tap'
import t from 'tap'
import { askingWorld, keys } from '../approvals/asking-world.ts'
import { chat, fakeProvider } from './fake-provider.ts'
import { price, provider } from './model-world.ts'

const policy = (workflow: string) => `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: models }
spec:
  models:
    - name: gpt-x
      rules:
        - { name: dear, when: request.maxTokens > 100, action: require_approval, approvalWorkflow: ${workflow}, message: Long answers need a person. }
        - action: allow
---`

async function start(t: Test, workflow: string) {
  const fake = await fakeProvider(t, chat(['hi', ' there']))
  const models = [{ name: 'gpt-x', price }]
  const spec = { protocol: 'openai', baseUrl: fake.url, models }
  const documents = `${policy(workflow)}\n${provider('openai', spec)}`
  const world = await askingWorld(t, documents)
  const proxy = await world.proxy()
  const client = new OpenAI({
    baseURL: new URL('/openai/v1', proxy.url).href,
    apiKey: keys.bot,
    maxRetries: 0,
  })
  const story = () =>
    proxy.journal.entries.map(({ phase, action, status }) =>
      [phase, action, status].filter(Boolean).join(' '),
    )
  return { world, proxy, client, fake, story }
}

const hello = [{ role: 'user' as const, content: 'hello' }]
const ask = { model: 'gpt-x', messages: hello, max_tokens: 200 }

t.test('a request that a person approves in time is sent, and streams', async t => {
  const { world, proxy, client, fake, story } = await start(t, 'patient')
  const asked = client.chat.completions.create({ ...ask, stream: true })
  const { id } = await world.question('gpt-x')
  t.strictSame(fake.got, [])
  t.equal(await world.answer('ana', 'approve', id), 200)
  let text = ''
  for await (const chunk of await asked) text += chunk.choices[0]?.delta.content ?? ''
  t.equal(text, 'hi there')
  t.strictSame(story(), ['attempt require_approval', 'outcome require_approval succeeded'])
  t.match(proxy.journal.entries[1], { approval: id, approvedBy: [{ user: 'ana' }] })
  t.match(await world.history(id), ['created', 'vote', 'approved', 'consumed', 'outcome'])
})

t.test(
  'a request that waits is refused with its id, and the same request collects it, once',
  async t => {
    const { world, client, fake, story } = await start(t, 'at-once')
    const waiting = { message: /^400 Writ holds .*request apr-/, code: 'approval_pending' }
    await t.rejects(client.chat.completions.create(ask), waiting)
    const { id, args } = await world.question('gpt-x')
    t.match(args, { model: 'gpt-x', messages: hello, max_tokens: 200 })
    await t.rejects(client.chat.completions.create(ask), { message: new RegExp(id) })
    t.equal(await world.answer('ana', 'approve', id), 200)
    const answer = await client.chat.completions.create(ask)
    t.equal(answer.choices[0]?.message.content, 'hi there')
    await t.rejects(client.chat.completions.create(ask), waiting)
    t.equal(fake.got.length, 1)
    t.strictSame(
      story().filter(entry => entry.startsWith('outcome')),
      ['pending', 'pending', 'succeeded', 'pending'].map(
        status => `outcome require_approval ${status}`,
      ),
    )
  },
)

t.test('an approval is for one body, to the letter', async t => {
  const { world, client, fake } = await start(t, 'at-once')
  const waiting = { code: 'approval_pending' }
  await t.rejects(client.chat.completions.create(ask), waiting)
  const { id } = await world.question('gpt-x')
  await world.answer('ana', 'approve', id)
  const other = [{ role: 'user' as const, content: 'hello!' }]
  await t.rejects(client.chat.completions.create({ ...ask, messages: other }), waiting)
  await t.rejects(client.chat.completions.create({ ...ask, max_tokens: 201 }), waiting)
  t.strictSame(fake.got, [])
})

t.test('a request that a person declines is refused', async t => {
  const { world, client, fake, story } = await start(t, 'patient')
  const asked = client.chat.completions.create(ask)
  asked.catch(() => undefined)
  const { id } = await world.question('gpt-x')
  await world.answer('ana', 'decline', id, { reason: 'too dear' })
  await t.rejects(asked, { message: /was denied: "too dear"/, code: 'policy_denied' })
  t.strictSame(fake.got, [])
  t.strictSame(story(), ['attempt require_approval', 'outcome require_approval refused'])
})

t.test('a request that the rules deny in the meantime is not sent, whoever approves', async t => {
  const { world, client, fake } = await start(t, 'at-once')
  await t.rejects(client.chat.completions.create(ask), { code: 'approval_pending' })
  const { id } = await world.question('gpt-x')
  await world.answer('ana', 'approve', id)
  const spec = { protocol: 'openai', baseUrl: fake.url, models: [{ name: 'gpt-x', price }] }
  const denies = policy('at-once').replace('require_approval, approvalWorkflow: at-once', 'deny')
  await world.enact(`${denies}\n${provider('openai', spec)}`)
  await t.rejects(client.chat.completions.create(ask), { code: 'policy_denied' })
  t.strictSame(fake.got, [])
})

t.test('a question outlives the controller that was asked', async t => {
  const { world, client, fake } = await start(t, 'patient')
  const asked = client.chat.completions.create(ask)
  asked.catch(() => undefined)
  const { id } = await world.question('gpt-x')
  const again = await world.stopController()
  await again()
  await world.answer('ana', 'approve', id)
  const answer = await asked
  t.equal(answer.choices[0]?.message.content, 'hi there')
  t.equal(fake.got.length, 1)
})
