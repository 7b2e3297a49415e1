import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import t from 'tap'
import type { Budgets } from '../../../proxy/budgets/budgets.ts'
import { openBudgets } from '../../../proxy/budgets/open-budgets.ts'
import type { Tables } from '../../../proxy/mcp/needs.ts'
import { SmallLedger } from '../budgets/small-ledger.ts'
import { keys, type Test } from '../mcp/world.ts'
import { chat, fakeProvider, json, messages, type Script } from './fake-provider.ts'
import { allModels, modelWorld, provider } from './model-world.ts'

/** A micro-USD for a token, so that amounts can be read off. */
const price = { input: '1', output: '1' }

const budget = (spec: object) =>
  JSON.stringify({
    apiVersion: 'writ.dev/v1alpha1',
    kind: 'Budget',
    metadata: { name: 'daily' },
    spec: { window: 'total', ...spec },
  })

/** A proxy whose budget has this limit at a ledger in memory. */
async function start(
  t: Test,
  limit: number,
  script: Script,
  spec: object = {},
  models = [{}],
  names = { openai: 'gpt-x', anthropic: 'claude-x' },
) {
  const fake = await fakeProvider(t, script)
  const usd = (limit / 1_000_000).toFixed(6)
  const named = (name: string, protocol: string) =>
    provider(protocol, {
      protocol,
      baseUrl: fake.url,
      models: models.map(more => ({ name, price, maxOutputTokens: 50_000, ...more })),
    })
  const ledger = new SmallLedger(limit)
  let tables: Pick<Tables, 'current'> = { current: () => null }
  const { budgets } = openBudgets({
    tables: { current: namespace => tables.current(namespace) },
    office: ledger,
    journal: { proxy: 'proxy-1', start: 1, state: () => ({ seq: 0 }) },
    log: { warn: () => undefined },
  })
  const reserved: Parameters<Budgets['reserve']>[] = []
  const made = await modelWorld(
    t,
    [
      allModels,
      named(names.openai, 'openai'),
      named(names.anthropic, 'anthropic'),
      budget({ limit: { usd }, ...spec }),
    ],
    {
      budgets: {
        reserve(...args) {
          reserved.push(args)
          return budgets.reserve(...args)
        },
        reserveTool: spender => budgets.reserveTool(spender),
        reconsider: shortage => budgets.reconsider(shortage),
      },
    },
  )
  tables = made.tables
  const openai = new OpenAI({ baseURL: made.openai, apiKey: keys.claude, maxRetries: 0 })
  const anthropic = new Anthropic({ baseURL: made.anthropic, apiKey: keys.claude, maxRetries: 0 })
  const outcomes = () => made.journal.entries.filter(({ phase }) => phase === 'outcome')
  return { ...made, fake, ledger, openai, anthropic, reserved, outcomes }
}

const hello = [{ role: 'user' as const, content: 'hello' }]

t.test('money is set aside before, and what was used is settled after', async t => {
  const { openai, journal, reserved } = await start(t, 100_000, chat(['hi']))
  await openai.chat.completions.create({ model: 'gpt-x', messages: hello, max_tokens: 100 })
  t.match(reserved, [
    [
      { namespace: 'default', agent: { name: 'claude' }, apiKey: 'laptop', model: 'gpt-x' },
      { outputTokens: 100, leastOutputTokens: 100, priceFrom: 'provider' },
    ],
  ])
  const [attempt, outcome] = journal.entries
  const bound = Number(reserved[0]?.[1].inputTokens) + 100
  t.match(attempt, { reservedMicroUsd: bound, charges: [{ budget: 'daily', amount: bound }] })
  t.match(outcome, { costMicroUsd: 12, charges: [{ budget: 'daily', amount: 12 }] })
})

t.test('an answer is clipped to what the budget pays for, in the words of each wire', async t => {
  for (const [limited, asked, sent] of [
    ['/v1/chat/completions', { max_tokens: 9000 }, { max_tokens: Number }],
    ['/v1/chat/completions', { max_completion_tokens: 9000 }, { max_completion_tokens: Number }],
    ['/v1/chat/completions', {}, { max_tokens: Number }],
    ['/v1/responses', {}, { max_output_tokens: Number }],
    ['/v1/messages', { max_tokens: 9000 }, { max_tokens: Number }],
  ] as const) {
    const script: Script = (_, response) => json(response, { usage: {}, choices: [], content: [] })
    const { openai, anthropic, fake } = await start(t, 3000, script)
    if (limited === '/v1/messages') {
      await anthropic.messages.create({ model: 'claude-x', messages: hello, max_tokens: 9000 })
    } else if (limited === '/v1/responses') {
      await openai.responses.create({ model: 'gpt-x', input: 'hello', ...asked })
    } else await openai.chat.completions.create({ model: 'gpt-x', messages: hello, ...asked })
    const body = fake.got[0]?.body ?? {}
    t.match(body, sent, limited)
    const [limit] = Object.keys(sent)
    t.ok(Number(body[limit ?? '']) < 3000)
  }
})

t.test('several answers share what is paid for', async t => {
  const script: Script = (_, response) => json(response, { usage: {}, choices: [] })
  const { openai, fake, reserved } = await start(t, 5000, script)
  await openai.chat.completions.create({ model: 'gpt-x', messages: hello, n: 4, max_tokens: 2000 })
  t.match(reserved[0]?.[1], { outputTokens: 8000, leastOutputTokens: 1024 })
  t.ok(Number(fake.got[0]?.body.max_tokens) <= 1000)
})

t.test('what is not paid for is refused, and never sent again by clients', async t => {
  const { openai, anthropic, fake, outcomes } = await start(t, 900, chat([]))
  const retrying = new OpenAI({ baseURL: openai.baseURL, apiKey: keys.claude, maxRetries: 3 })
  await t.rejects(retrying.chat.completions.create({ model: 'gpt-x', messages: hello }), {
    message: /^400 .*budget "daily".*\$0\.000900/,
    code: 'budget_exceeded',
  })
  await t.rejects(
    anthropic.messages.create({ model: 'claude-x', messages: hello, max_tokens: 9 }),
    { message: /^402 .*billing_error.*budget \\"daily\\"/ },
  )
  t.strictSame(fake.got, [])
  t.match(outcomes(), [
    { status: 'refused', action: 'deny', reason: 'budget_exceeded' },
    { status: 'refused', action: 'deny', reason: 'budget_exceeded' },
  ])
  const metrics = await (await fetch(new URL('/metrics', openai.baseURL))).text()
  const unpaid = /writ_unpaid_calls_total\{budget="default\/daily",reason="budget_exceeded"\} 2/
  t.match(metrics, unpaid)
})

t.test('a budget of which nobody knows the state pays for nothing', async t => {
  const { openai, ledger, fake } = await start(t, 100_000, chat([]))
  ledger.away = 'yes'
  await t.rejects(openai.chat.completions.create({ model: 'gpt-x', messages: hello }), {
    code: 'budget_unavailable',
  })
  t.strictSame(fake.got, [])
})

t.test('a model without a price is refused under a budget of money', async t => {
  const { openai, fake } = await start(t, 100_000, chat([]), {}, [{ price: undefined }])
  await t.rejects(openai.chat.completions.create({ model: 'gpt-x', messages: hello }), {
    code: 'price_unknown',
  })
  t.strictSame(fake.got, [])
})

t.test('a faster service has no price by the catalogue, but by a price of its own', async t => {
  const listed = { openai: 'gpt-5-mini', anthropic: 'claude-haiku-4-5' }
  const unpriced = [{ price: undefined, maxOutputTokens: 1000 }]
  const made = await start(t, 1_000_000, chat(['hi']), {}, unpriced, listed)
  const ask = { model: 'gpt-5-mini', messages: hello }
  await made.openai.chat.completions.create({ ...ask, service_tier: 'flex' })
  t.match(made.outcomes().at(-1), { status: 'succeeded', costSource: 'catalogue' })
  await t.rejects(made.openai.chat.completions.create({ ...ask, service_tier: 'priority' }), {
    code: 'price_unknown',
  })
  const fast = { model: 'claude-haiku-4-5', max_tokens: 9, messages: hello, speed: 'fast' }
  await t.rejects(made.anthropic.messages.create(fast as never), { status: 402, message: /price/ })
  const spelled = { ...ask, Service_Tier: 'priority' }
  await t.rejects(made.openai.chat.completions.create(spelled as never), {
    message: /write `service_tier` for/,
  })
  t.equal(made.fake.got.length, 1)
  const own = await start(t, 1_000_000, chat(['hi']))
  await own.openai.chat.completions.create({ ...ask, model: 'gpt-x', service_tier: 'priority' })
  t.match(own.outcomes().at(-1), { status: 'succeeded', costSource: 'provider' })
})

t.test('a soft limit is told of in a header, on streams too', async t => {
  const { url, ledger } = await start(t, 1_000_000, chat(['hi']), { softLimitPercent: 1 })
  ledger.stateOf = ({ limit, spent, leased }) => ({
    ...{ limit, extended: 0, spent: spent + 20_000, reserved: leased },
    softLimit: 10_000,
  })
  for (const stream of [true, true]) {
    const answer = await fetch(new URL('/openai/v1/chat/completions', url), {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.claude}` },
      body: JSON.stringify({ model: 'gpt-x', messages: hello, stream, max_tokens: 5 }),
    })
    await answer.text()
    t.equal(answer.headers.get('x-writ-warning'), 'soft limit passed: daily')
  }
})

t.test('what an error costs is nothing, and what nobody knows is all', async t => {
  const { openai, outcomes, fake } = await start(t, 100_000, (_, response) =>
    json(response, { error: { message: 'no' } }, 400),
  )
  const ask = () =>
    openai.chat.completions.create({ model: 'gpt-x', messages: hello, max_tokens: 100 })
  await t.rejects(ask())
  t.match(outcomes()[0], { costMicroUsd: 0 })
  fake.script = (_, response) => response.destroy()
  await t.rejects(ask())
  const [, lost] = outcomes()
  t.equal(lost?.costMicroUsd, lost?.charges?.[0]?.amount)
  t.ok(Number(lost?.costMicroUsd) > 1000)
})

t.test('policies see what the session has spent and how often it asked', async t => {
  const fake = await fakeProvider(t, chat(['hi']))
  const models = [{ name: 'gpt-x', price: { input: '100000', output: '0' } }]
  const limited = `
apiVersion: writ.dev/v1alpha1
kind: AccessPolicy
metadata: { name: models }
spec:
  models:
    - name: gpt-x
      rules:
        - { name: much, when: session.spentUsd > 2.0, action: deny }
        - { name: often, when: session.modelCalls >= 2, action: deny }
        - action: allow
`
  const spec = { protocol: 'openai', baseUrl: fake.url, models }
  const made = await modelWorld(t, [limited, provider('openai', spec)])
  const ask = (session: string) => {
    const defaultHeaders = { 'x-writ-session-id': session }
    const options = { baseURL: made.openai, apiKey: keys.claude, maxRetries: 0, defaultHeaders }
    return new OpenAI(options).chat.completions.create({ model: 'gpt-x', messages: hello })
  }
  await ask('a')
  await ask('a')
  await t.rejects(ask('a'), { message: /"much"/ })
  models[0] = { name: 'gpt-x', price: { input: '1', output: '0' } }
  made.tables.put(limited, provider('openai', spec))
  await ask('b')
  await ask('b')
  await t.rejects(ask('b'), { message: /"often"/ })
})

t.test('usage beyond the bound is charged all the same', async t => {
  const usage = { prompt_tokens: 60_000, completion_tokens: 9, total_tokens: 60_009 }
  const { openai, outcomes } = await start(t, 100_000, (_, response) =>
    json(response, { choices: [], usage }),
  )
  await openai.chat.completions.create({ model: 'gpt-x', messages: hello, max_tokens: 10 })
  t.match(outcomes()[0], { costMicroUsd: 60_009, charges: [{ amount: 60_009 }] })
})

t.test('messages of Anthropic are paid for by every kind of token', async t => {
  const { anthropic, outcomes } = await start(t, 100_000, messages(['a', 'b']))
  await anthropic.messages.create({ model: 'claude-x', messages: hello, max_tokens: 10 })
  t.match(outcomes()[0], { costMicroUsd: 135, charges: [{ amount: 135 }] })
})
