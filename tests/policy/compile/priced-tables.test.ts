import t from 'tap'
import { compile } from '../../../policy/compile/compile.ts'
import type { PriceCatalogue } from '../../../schemas/price-catalogue.ts'
import type { RuleTable } from '../../../schemas/rule-table.ts'
import { of } from './sound-world.ts'

const small = { input: 1_000_000, output: 4_000_000, maxOutputTokens: 4096 }
const large = { input: 3_000_000, output: 9_000_000, cacheRead: 300_000 }

const prices: PriceCatalogue = {
  format: 'writ.dev/prices/v1',
  source: 'a test',
  date: '2026-11-01',
  vendors: [
    {
      name: 'maker',
      hosts: ['api.maker.example'],
      elsewhere: true,
      models: { 'm-small': small, 'm-large': large, 'm-huge': large },
    },
  ],
}

function tableOf(models: readonly object[], more: readonly object[] = []): RuleTable {
  const spec = { protocol: 'openai', baseUrl: 'https://api.maker.example/v1/', models }
  const files = [of('ModelProvider', 'maker', spec), ...more].map((document, i) => ({
    path: `${i}.yaml`,
    text: JSON.stringify(document),
  }))
  const { problems, tables } = compile(files, { prices })
  t.strictSame(problems, [])
  return JSON.parse(tables?.get('default')?.json ?? '')
}

const modelsOf = (...models: object[]) => tableOf(models).providers[0]?.models

t.test(
  'a model without a price has that of the catalogue, by its name at the provider',
  async t => {
    const { maxOutputTokens, ...price } = small
    t.strictSame(modelsOf({ name: 'quick', upstream: 'm-small', aliases: ['b', 'a'], order: 3 }), [
      {
        name: 'quick',
        upstream: 'm-small',
        aliases: ['a', 'b'],
        order: 3,
        price,
        priceFrom: 'catalogue',
        maxOutputTokens,
      },
    ])
  },
)

t.test('what is written counts before what the catalogue says', async t => {
  const price = { input: '0.1', output: '0.2', cacheRead: '0', cacheWrite: '0.3', request: '1' }
  t.strictSame(modelsOf({ name: 'm-small', price }, { name: 'm-large', maxOutputTokens: 5 }), [
    {
      name: 'm-small',
      upstream: 'm-small',
      aliases: [],
      order: 1,
      price: { input: 100_000, output: 200_000, cacheRead: 0, cacheWrite: 300_000, request: 1e6 },
      priceFrom: 'provider',
      maxOutputTokens: 4096,
    },
    {
      name: 'm-large',
      upstream: 'm-large',
      aliases: [],
      order: 1,
      price: large,
      priceFrom: 'catalogue',
      maxOutputTokens: 5,
    },
  ])
})

t.test('a model that nobody knows has no price, which is not zero', async t => {
  t.strictSame(modelsOf({ name: 'own' }), [{ name: 'own', upstream: 'own', aliases: [], order: 1 }])
})

t.test('a glob brings the models that it matches along, each once', async t => {
  const names = modelsOf(
    { name: 'm-*', order: 2 },
    { name: 'x', aliases: ['m-huge'] },
    { name: '*' },
  )
  t.strictSame(
    names?.map(({ name, upstream, order, priceFrom }) => [name, upstream, order, priceFrom]),
    [
      ['m-*', undefined, 2, undefined],
      ['m-large', 'm-large', 2, 'catalogue'],
      ['m-small', 'm-small', 2, 'catalogue'],
      ['x', 'x', 1, undefined],
      ['*', undefined, 1, undefined],
    ],
  )
})

t.test('a glob with a price of its own is the price of all that it matches', async t => {
  const price = { input: '1', output: '1' }
  t.strictSame(
    modelsOf({ name: 'm-*', price })?.map(({ name, priceFrom }) => [name, priceFrom]),
    [['m-*', 'provider']],
  )
})

t.test('a table says whence its prices come, where it has any of the catalogue', async t => {
  t.strictSame(tableOf([{ name: 'm-small' }]).catalogue, { source: 'a test', date: '2026-11-01' })
  t.equal(tableOf([{ name: 'own' }]).catalogue, undefined)
  t.equal(tableOf([]).catalogue, undefined)
})

t.test('without prices of your own the shipped ones are taken', async t => {
  const spec = { protocol: 'scripted', models: [{ name: 'gpt-4o' }] }
  const text = JSON.stringify(of('ModelProvider', 'trial', spec))
  const table = JSON.parse(compile([{ path: 'a.yaml', text }]).tables?.get('default')?.json ?? '')
  t.match(table.catalogue, { source: /litellm/ })
  t.match(table.providers[0].models[0], { price: { input: 2_500_000 }, priceFrom: 'catalogue' })
})

t.test('a budget about an alias is about every model that has it', async t => {
  const budget = of('Budget', 'one', {
    limit: { usd: '1.5' },
    window: 'day',
    softLimitPercent: 50,
    scope: { models: ['big', 'm-small'], agents: ['*'] },
  })
  const models = [{ name: 'm-large', aliases: ['big'] }, { name: 'm-small' }]
  t.match(tableOf(models, [budget]).budgets, [
    {
      name: 'one',
      scope: { models: ['big', 'm-large', 'm-small'], agents: ['*'] },
      unit: 'usd',
      limit: 1_500_000,
      softLimit: 750_000,
    },
  ])
})

t.test('a provider keeps what it takes to reach it, and no secret', async t => {
  const secretRef = { name: 'env', key: 'MAKER_KEY' }
  const spec = {
    protocol: 'openai',
    baseUrl: 'https://api.maker.example/v1//',
    responses: 'translate',
    timeout: '30s',
    headers: { 'x-team': 'a' },
    secretRef,
  }
  const text = JSON.stringify(of('ModelProvider', 'full', spec))
  const table = JSON.parse(compile([{ path: 'a.yaml', text }]).tables?.get('default')?.json ?? '')
  t.strictSame(table.providers, [
    {
      name: 'full',
      protocol: 'openai',
      baseUrl: 'https://api.maker.example/v1',
      secretRef,
      headers: { 'x-team': 'a' },
      responses: 'translate',
      timeoutMs: 30_000,
      models: [],
      at: [0, 1, 1],
    },
  ])
})

t.test('amounts of budgets are whole numbers in the unit of the limit', async t => {
  const budgets = [
    of('Budget', 'money', {
      limit: { usd: '0.000001' },
      window: 'month',
      timeZone: 'Europe/Berlin',
      per: 'agent',
      onExceeded: 'require_approval',
      extension: { usd: '2' },
      fallbackPrice: { input: '1', output: '2.5' },
      toolPrices: [{ tool: 'search_*', usd: '0.01' }],
    }),
    of('Budget', 'tokens', {
      limit: { tokens: 7 },
      window: 'session',
      onExceeded: 'require_approval',
      extension: { tokens: 9 },
    }),
    of('Budget', 'turns', { limit: { calls: 3 }, window: 'total' }),
  ]
  const common = { scope: {}, timeZone: 'UTC', onExceeded: 'deny', toolPrices: [] }
  const { budgets: found } = tableOf([], budgets)
  t.strictSame(
    found.map(({ at, ...budget }) => budget),
    [
      {
        ...common,
        name: 'money',
        per: 'agent',
        unit: 'usd',
        limit: 1,
        window: 'month',
        timeZone: 'Europe/Berlin',
        onExceeded: 'require_approval',
        extension: 2_000_000,
        fallbackPrice: { input: 1_000_000, output: 2_500_000 },
        toolPrices: [{ tool: 'search_*', microUsd: 10_000 }],
      },
      {
        ...common,
        name: 'tokens',
        per: 'namespace',
        unit: 'tokens',
        limit: 7,
        window: 'session',
        onExceeded: 'require_approval',
        extension: 9,
      },
      { ...common, name: 'turns', per: 'namespace', unit: 'calls', limit: 3, window: 'total' },
    ],
  )
})
